#include "serving/local_store.h"

#include <p2p/units.h>

#include <fmt/format.h>
#include <xxhash.h>

namespace p2p::diststore {
namespace {

wire::StoreError error_of(wire::StoreErrorKind::type kind, std::string message) {
  wire::StoreError error;
  error.kind = kind;
  error.message = std::move(message);
  return error;
}

}  // namespace

wire::Version to_wire(Version version) {
  wire::Version sent;
  sent.stamp = static_cast<std::int64_t>(version.stamp);
  sent.node = static_cast<std::int64_t>(version.node);
  return sent;
}

wire::MovedItem to_wire(std::string key, StoredEntry stored) {
  wire::MovedItem item;
  item.key = std::move(key);
  item.value = std::move(stored.value);
  item.version = to_wire(stored.version);
  if (stored.is_erased) item.__set_erased(true);
  return item;
}

Version from_wire(const wire::Version& version) {
  return {static_cast<Stamp>(version.stamp), static_cast<std::uint64_t>(version.node)};
}

LocalStore::LocalStore(const StoreOptions& options, std::string_view node_name, std::unique_ptr<Engine> engine)
    : options_(options), node_(XXH3_64bits(node_name.data(), node_name.size())), engine_(std::move(engine)) {}

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

Result<Outcome> LocalStore::read(std::string_view key, OwnershipProof right, wire::ReadResult& result) const {
  const auto outcome = engine_->get(key, right, [&](std::string_view value, Version version) {
    result.value = value;
    result.__isset.value = true;
    result.__set_version(to_wire(version));
  });
  result.found = outcome.ok() && outcome.value() == Outcome::done;
  return outcome;
}

Result<Outcome> LocalStore::write(std::string_view key, std::string& value, OwnershipProof right,
                                  wire::WriteResult& result) {
  Change change = Change::write(key, value, right, {clock_.issue(wall_clock_ms()), node_});
  change.owned = &value;
  auto outcome = engine_->apply_one(change);
  result.__set_version(to_wire(change.version));
  return outcome;
}

Result<Outcome> LocalStore::write(std::string_view key, std::string_view value, OwnershipProof right, Version& version,
                                  std::uint64_t now_ms) {
  Change change = Change::write(key, value, right, {clock_.issue(now_ms), node_});
  auto outcome = engine_->apply_one(change);
  version = change.version;
  return outcome;
}

Result<Outcome> LocalStore::erase(std::string_view key, OwnershipProof right, wire::EraseResult& result) {
  Change change = Change::erase(key, right, {clock_.issue(wall_clock_ms()), node_});
  auto outcome = engine_->apply_one(change);
  result.found = outcome.ok() && outcome.value() == Outcome::done;
  if (result.found) result.__set_version(to_wire(change.version));
  return outcome;
}

Result<Outcome> LocalStore::put(std::string_view key, std::string_view value, OwnershipProof right) {
  if (value.empty()) {
    wire::EraseResult ignored;
    return erase(key, right, ignored);
  }
  Version ignored;
  return write(key, value, right, ignored);
}

Result<bool> LocalStore::keep(std::string_view key, std::string_view value, ViewVersion view_version,
                              Confirmed confirmed) {
  StoredEntry stored{std::string(value), {clock_.issue(wall_clock_ms()), node_}, value.empty(), kNeverConfirmed};
  const auto outcome = engine_->apply_one(Change::merge(key, stored, view_version, confirmed == kConfirmed));
  if (!outcome.ok()) return outcome.error();
  return outcome.value() != Outcome::fenced;
}

Result<Outcome> LocalStore::merge(wire::MovedItem& item, ViewVersion view_version, bool confirmed,
                                  std::uint64_t& digest) {
  StoredEntry stored{std::move(item.value), from_wire(item.version), item.erased, kNeverConfirmed};
  if (!clock_.accept(stored.version.stamp, wall_clock_ms())) too_far_ahead_.fetch_add(1, std::memory_order_relaxed);
  Change change = Change::merge(item.key, stored, view_version, confirmed);
  auto outcome = engine_->apply_one(change);
  if (outcome.ok() && outcome.value() == Outcome::done) digest = change.digest;
  return outcome;
}

}  // namespace p2p::diststore
