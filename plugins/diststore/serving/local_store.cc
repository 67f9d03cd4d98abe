#include "serving/local_store.h"

#include <p2p/units.h>

#include <fmt/format.h>
#include <xxhash.h>

#include <chrono>

namespace p2p::diststore {
namespace {

std::uint64_t wall_clock_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

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
  return error_of(wire::StoreErrorKind::too_many,
                  fmt::format("the batch has {} keys, the limit batch_keys_max is {}", keys, options_.batch_keys_max));
}

bool LocalStore::read(std::string_view key, wire::ReadResult& result) const {
  Version version;
  const ReadOutcome outcome = engine_.read(key, result.value, version);
  if (outcome == ReadOutcome::sealed) return false;
  result.found = outcome == ReadOutcome::found;
  if (result.found) {
    result.__isset.value = true;
    result.__set_version(to_wire(version));
  }
  return true;
}

bool LocalStore::write(std::string& key, std::string& value, wire::WriteResult& result) {
  const std::optional<Version> stored = engine_.write(key, value, {clock_.issue(wall_clock_ms()), node_});
  if (!stored) return false;
  result.__set_version(to_wire(*stored));
  return true;
}

bool LocalStore::erase(std::string_view key, wire::EraseResult& result) {
  const EraseOutcome outcome = engine_.erase(key);
  result.found = outcome == EraseOutcome::erased;
  return outcome != EraseOutcome::sealed;
}

bool LocalStore::merge(std::vector<wire::Item>& items, wire::TransferReply& reply) {
  reply.stored = 0;
  reply.kept = 0;
  const std::uint64_t now_ms = wall_clock_ms();
  bool is_sealed = false;
  for (wire::Item& item : items) {
    const Version version = from_wire(item.version);  // an item without one counts as the oldest of all
    clock_.accept(version.stamp, now_ms);
    const MergeOutcome outcome = engine_.merge(item.key, item.value, version);
    reply.stored += outcome == MergeOutcome::stored ? 1 : 0;
    reply.kept += outcome == MergeOutcome::kept ? 1 : 0;
    if (outcome == MergeOutcome::sealed) {
      is_sealed = true;
      break;
    }
  }
  keys_moved_in_.fetch_add(reply.stored, std::memory_order_relaxed);
  return !is_sealed;
}

}  // namespace p2p::diststore
