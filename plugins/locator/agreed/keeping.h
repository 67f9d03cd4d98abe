// What of a member has to outlive its process, and when is it written? Whoever is no member has promised nothing that
// must. A member that does not vote has only to find its way back: of many maps in a row it keeps the last. Pure.
#pragma once

#include "cluster/embedded/effects.h"

#include <p2p/units.h>

#include <optional>
#include <utility>
#include <vector>

namespace p2p::agreed {

// A member that does not vote writes the newest map to disk no more often.
inline constexpr Duration kKeepEvery = std::chrono::seconds(1);

class Keeping final {
 public:
  using Save = cluster::AgreementEffects::Save;

  // The save, if it is to be written now. Else it waits, nobody waiting for it, or needs no disk.
  std::optional<Save> take(const Save& save, const cluster::NodeId& self, TimePoint now) {
    const cluster::ClusterMap* const map = save.what.map.get();
    const cluster::Slot slot = map == nullptr ? cluster::kNoSlot : map->slot_of(self);
    waiting_.reset();
    if (slot == cluster::kNoSlot) {
      unwritten_ = save.id;
      return std::nullopt;
    }
    const bool can_wait =
        !save.is_awaited && !map->is_voter(slot) && voters_ == map->voters && now < written_at_ + kKeepEvery;
    if (can_wait) {
      waiting_ = save;
      return std::nullopt;
    }
    written_at_ = now;
    voters_ = map->voters;
    return save;
  }

  // One that has waited for long enough.
  std::optional<Save> take_due(TimePoint now) {
    if (!waiting_ || now < written_at_ + kKeepEvery) return std::nullopt;
    written_at_ = now;
    return std::exchange(waiting_, std::nullopt);
  }

  // The last save that needs no disk: it counts as saved.
  std::optional<cluster::SaveId> take_unwritten() { return std::exchange(unwritten_, std::nullopt); }
  bool has_unwritten() const { return unwritten_.has_value(); }

  // Of an identity that ends.
  void clear() {
    unwritten_.reset();
    waiting_.reset();
    voters_.clear();
  }

 private:
  std::vector<cluster::Slot> voters_;  // of the map that is on disk, or on its way there
  TimePoint written_at_ = TimePoint::min();
  std::optional<Save> waiting_;
  std::optional<cluster::SaveId> unwritten_;
};

}  // namespace p2p::agreed
