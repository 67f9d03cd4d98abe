#include "classic/local_store.h"

#include <xxhash.h>

#include <utility>

namespace p2p::diststore {

wire::MovedItem to_wire(std::string key, StoredEntry stored) {
  wire::MovedItem item;
  item.key = std::move(key);
  item.value = std::move(stored.value);
  item.version = to_wire(stored.version);
  if (stored.is_erased) item.__set_erased(true);
  return item;
}

LocalStore::LocalStore(std::string_view node_name, std::shared_ptr<Engine> engine)
    : node_(XXH3_64bits(node_name.data(), node_name.size())), engine_(std::move(engine)) {}

Result<Outcome> LocalStore::read(std::string_view key, OwnershipProof right, wire::ReadResult& result) const {
  const auto outcome = engine_->get(key, right, [&](std::string_view value, Version version, WallMs) {
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

Result<Outcome> LocalStore::erase(std::string_view key, OwnershipProof right, Version& version) {
  Change change = Change::erase(key, right, {clock_.issue(wall_clock_ms()), node_});
  auto outcome = engine_->apply_one(change);
  version = change.version;
  return outcome;
}

Result<Outcome> LocalStore::erase(std::string_view key, OwnershipProof right, wire::EraseResult& result) {
  Version version;
  auto outcome = erase(key, right, version);
  result.found = outcome.ok() && outcome.value() == Outcome::done;
  if (result.found) result.__set_version(to_wire(version));
  return outcome;
}

Result<Outcome> LocalStore::put(std::string_view key, std::string_view value, OwnershipProof right) {
  Version ignored;
  if (value.empty()) return erase(key, right, ignored);
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
