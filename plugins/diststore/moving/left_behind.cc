#include "moving/left_behind.h"

#include "moving/receipts.h"

#include <map>
#include <utility>

namespace p2p::diststore {
namespace {

// Looked at before the lock of a shard is let go of.
constexpr std::size_t kCountedPerStep = 1'000;

}  // namespace

std::vector<LeftBehind> left_behind(const Store& store) {
  const auto standing = store.standing->share();
  std::map<Location, LeftBehind> found;
  ScanPosition position;
  std::vector<HeldKey> held;
  while (!position.at_end) {
    held.clear();
    store.local->engine().scan(position, kCountedPerStep, held);
    for (const HeldKey& key : held) {
      const Owner owner = standing->owner_of(key.key);
      if (key.is_erased || owner.is_self) continue;
      const Location to = owner.location == nullptr ? Location() : *owner.location;
      LeftBehind& left = found.try_emplace(to, LeftBehind{to, 0, 0, {}}).first->second;
      ++left.keys;
      left.bytes += key.bytes;
      if (left.names.size() < kUndeliveredNamesMax) left.names.push_back(key.key.substr(0, kUndeliveredNameBytesMax));
    }
  }
  std::vector<LeftBehind> all;
  for (auto& [to, left] : found) all.push_back(std::move(left));
  return all;
}

}  // namespace p2p::diststore
