#include "serving/local_store.h"

#include <p2p/units.h>

#include <fmt/format.h>
#include <xxhash.h>

#include <chrono>

namespace p2p::diststore {
namespace {

wire::StoreError error_of(wire::StoreErrorKind::type kind, std::string message) {
  wire::StoreError error;
  error.kind = kind;
  error.message = std::move(message);
  return error;
}

}  // namespace

std::uint64_t wall_clock_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

wire::Version to_wire(Version version) {
  wire::Version sent;
  sent.stamp = static_cast<std::int64_t>(version.stamp);
  sent.node = static_cast<std::int64_t>(version.node);
  return sent;
}

wire::MovedItem to_wire(std::string key, Held held) {
  wire::MovedItem item;
  item.key = std::move(key);
  item.value = std::move(held.value);
  item.version = to_wire(held.version);
  if (held.is_erased) item.__set_erased(true);
  return item;
}

Version from_wire(const wire::Version& version) {
  return {static_cast<Stamp>(version.stamp), static_cast<std::uint64_t>(version.node)};
}

LocalStore::LocalStore(const StoreOptions& options, std::string_view node_name, std::uint64_t hash_seed)
    : options_(options), node_(XXH3_64bits(node_name.data(), node_name.size())), engine_(hash_seed) {}

wire::StoreError LocalStore::too_large(std::size_t key_bytes, std::size_t value_bytes) const {
  const bool is_key = key_bytes > options_.key_bytes_max;
  return error_of(wire::StoreErrorKind::too_large,
                  fmt::format("the {} has {} bytes, the limit {} is {}", is_key ? "key" : "value",
                              is_key ? key_bytes : value_bytes, is_key ? "key_bytes_max" : "value_bytes_max",
                              format_bytes(is_key ? options_.key_bytes_max : options_.value_bytes_max)));
}

std::optional<wire::StoreError> LocalStore::refusal_of_count(std::size_t keys) const {
  if (keys <= options_.batch_keys_max) return std::nullopt;
  return error_of(
      wire::StoreErrorKind::too_many,
      fmt::format("the batch has {} keys, the limit is {} (batch_keys_max, or as many results as fit a reply within "
                  "[host] frame_bytes_max)",
                  keys, options_.batch_keys_max));
}

Outcome LocalStore::read(std::string_view key, Right right, wire::ReadResult& result) const {
  Version version;
  const Outcome outcome = engine_.read(key, right, result.value, version);
  result.found = outcome == Outcome::done;
  if (result.found) {
    result.__isset.value = true;
    result.__set_version(to_wire(version));
  }
  return outcome;
}

Outcome LocalStore::write(std::string& key, std::string& value, Right right, wire::WriteResult& result) {
  Version version{clock_.issue(wall_clock_ms()), node_};
  const Outcome outcome = engine_.write(key, value, right, version);
  result.__set_version(to_wire(version));
  return outcome;
}

Outcome LocalStore::write(std::string_view key, std::string_view value, Right right, Version& version) {
  version = {clock_.issue(wall_clock_ms()), node_};
  return engine_.write(key, value, right, version);
}

Outcome LocalStore::erase(std::string_view key, Right right, wire::EraseResult& result) {
  Version version{clock_.issue(wall_clock_ms()), node_};
  const Outcome outcome = engine_.erase(key, right, version);
  result.found = outcome == Outcome::done;
  if (result.found) result.__set_version(to_wire(version));
  return outcome;
}

Outcome LocalStore::put(std::string_view key, std::string_view value, Right right) {
  if (value.empty()) {
    wire::EraseResult ignored;
    return erase(key, right, ignored);
  }
  Version ignored;
  return write(key, value, right, ignored);
}

bool LocalStore::keep(std::string_view key, std::string_view value, Era era, Settled settled) {
  Held held{std::string(value), {clock_.issue(wall_clock_ms()), node_}, value.empty(), kNeverSettled};
  std::uint64_t ignored = 0;
  return engine_.merge(key, held, era, settled == kSettled, ignored) != MergeOutcome::fenced;
}

MergeOutcome LocalStore::merge(wire::MovedItem& item, Era era, bool settled, std::uint64_t& digest) {
  Held held{std::move(item.value), from_wire(item.version), item.erased, kNeverSettled};
  if (!clock_.accept(held.version.stamp, wall_clock_ms())) too_far_ahead_.fetch_add(1, std::memory_order_relaxed);
  return engine_.merge(item.key, held, era, settled, digest);
}

}  // namespace p2p::diststore
