#include "classic/core/move_plan.h"

#include <p2p/assert.h>

#include <utility>

namespace p2p::diststore {

MovePlan::Planned MovePlan::add(const RingView& view, std::vector<StoredKey> stored) {
  Planned planned;
  for (StoredKey& key : stored) {
    const Owner owner = view.owner_of(key.key);
    if (owner.is_self) continue;
    if (owner.address == nullptr) {
      ++unowned_;
      continue;
    }
    ++planned.keys;
    planned.bytes += key.bytes;
    add_to(open_.try_emplace(*owner.address, MoveBatch{*owner.address, {}, 0}).first->second, std::move(key));
  }
  return planned;
}

void MovePlan::add_to(MoveBatch& open, StoredKey key) {
  if (open.bytes + key.bytes > batch_bytes_max_ || open.keys.size() == kBatchKeysMax) finish(open);
  open.bytes += key.bytes;
  open.keys.push_back(std::move(key));
}

void MovePlan::finish(MoveBatch& open) {
  if (open.keys.empty()) return;
  ready_.push_back({open.to, std::exchange(open.keys, {}), std::exchange(open.bytes, 0)});
}

void MovePlan::close() {
  for (auto& [to, open] : open_) finish(open);
  open_.clear();
}

MoveBatch MovePlan::take_batch() {
  P2P_ASSERT(has_batch(), "a batch is taken only when there is one");
  MoveBatch batch = std::move(ready_.front());
  ready_.pop_front();
  return batch;
}

}  // namespace p2p::diststore
