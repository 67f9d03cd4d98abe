#include "classic/left_behind.h"

#include "classic/receipts.h"

#include <map>
#include <utility>

namespace p2p::diststore {
namespace {

// Keys scanned before the lock of a shard is released.
constexpr std::size_t kCountedPerStep = 64;

void count(const Owner& owner, const EntryView& entry, std::map<NodeAddress, LeftBehind>& found) {
  const NodeAddress to = owner.address == nullptr ? NodeAddress() : *owner.address;
  LeftBehind& left = found.try_emplace(to, LeftBehind{to, 0, 0, {}}).first->second;
  ++left.keys;
  left.bytes += entry.bytes();
  if (left.names.size() < kUndeliveredNamesMax) left.names.emplace_back(entry.key.substr(0, kUndeliveredNameBytesMax));
}

}  // namespace

Result<std::vector<LeftBehind>> left_behind(const ClassicStore& store) {
  const auto ownership = store.ownership->share();
  std::map<NodeAddress, LeftBehind> found;
  const auto take = [&](const EntryView& entry) {
    const Owner owner = ownership->owner_of(entry.key);
    if (!entry.is_erased && !owner.is_self) count(owner, entry, found);
    return true;
  };
  for (ScanPosition position; !position.at_end;) {
    const auto scanned = store.local->engine().scan(kAllPartitions, position, kCountedPerStep, take);
    if (!scanned.ok()) return scanned.error();
  }
  std::vector<LeftBehind> all;
  for (auto& [to, left] : found) all.push_back(std::move(left));
  return all;
}

Result<Done> find_foreign(const Engine& engine, const RingView& ring, ScanPosition& position, FindLimits limits,
                          ForeignKeys& met) {
  std::size_t bytes = 0;
  return engine.scan(kAllPartitions, position, limits.keys_max, [&](const EntryView& entry) {
    ++met.scanned_keys;
    if (ring.owner_of(entry.key).is_self) return true;
    met.keys.push_back(entry.copy());
    bytes += entry.bytes();
    return bytes < limits.bytes_max;
  });
}

}  // namespace p2p::diststore
