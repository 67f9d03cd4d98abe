#include "replication/expiry_sweep.h"

#include "replication/primary.h"

#include <algorithm>
#include <string>
#include <utility>

namespace p2p::diststore::replication {

TimePoint ExpirySweep::next_step() const noexcept {
  const bool has_nothing = site_.first_expiry == ExpiryBound::kNever && !is_looking_;
  return has_nothing || site_.failure ? TimePoint::max() : next_at_;
}

void ExpirySweep::step(Moment moment, Effects& effects) {
  if (moment.now < next_at_) return;
  next_at_ = moment.now + kSweepPause;
  if (site_.failure || !moment.has_lease()) return;
  if (!is_looking_ && site_.first_expiry > moment.wall) {
    const WallMs left =
        std::min<WallMs>(site_.first_expiry - moment.wall, kSweepWaitMax / std::chrono::milliseconds(1));
    next_at_ = moment.now + std::chrono::milliseconds(left);
    return;
  }
  looked_ = erased_ = 0;
  while (looked_ < kSweepEntriesMax && erased_ < kSweepErasesMax)
    if ((!is_looking_ && !begin_look(moment.wall)) || !look(moment, effects)) break;
  if (erased_ > 0 && erased_ * kSweepYield >= looked_) next_at_ = moment.now + kSweepBusyPause;
}

// The next partition of this node in which something may have expired. False: there is none.
bool ExpirySweep::begin_look(WallMs now) {
  for (Partition passed = 0; passed < kPartitions; ++passed) {
    partition_ = (partition_ + 1) % kPartitions;
    if (!site_.expiries[partition_].may_have_come(now) || site_.primary_of(partition_) == nullptr) continue;
    is_looking_ = true;
    position_ = {};
    remaining_ = ExpiryBound::kNever;
    site_.expiries[partition_].begin_look();
    looked_ += kSweepPartitionCost;
    return true;
  }
  site_.first_expiry = first_of_primaries();
  return false;
}

WallMs ExpirySweep::first_of_primaries() const {
  WallMs first = ExpiryBound::kNever;
  for (Partition partition = 0; partition < kPartitions; ++partition)
    if (site_.expiries[partition].first() < first && site_.primary_of(partition) != nullptr)
      first = site_.expiries[partition].first();
  return first;
}

// False: the step ends here. A partition whose primary takes nothing at the moment is looked at again after the others.
bool ExpirySweep::look(Moment moment, Effects& effects) {
  Primary* const primary = site_.primary_of(partition_);
  if (primary == nullptr) {
    is_looking_ = false;
    return true;
  }
  auto expired = std::make_shared<Batch>();
  std::size_t key_bytes = 0;
  const auto take = [&](const EntryView& entry) {
    ++looked_;
    if (has_expired(entry.expires_at, moment.wall)) {
      expired->writes.push_back(KeyWrite::erase(std::string(entry.key)));
      key_bytes += entry.key.size();
    } else if (entry.expires_at != kNoExpiry) {
      remaining_ = std::min(remaining_, entry.expires_at);
    }
    return erased_ + expired->writes.size() < kSweepErasesMax && key_bytes < kSweepKeyBytesMax;
  };
  const std::size_t entries_max = kSweepEntriesMax - std::min(looked_, kSweepEntriesMax - 1);
  if (!site_.engine.scan(only(partition_), position_, entries_max, take).ok()) {
    is_looking_ = false;  // what the engine says when it fails is noted by the next write
    return false;
  }
  const std::size_t erases = expired->writes.size();
  if (erases > 0 && !primary->erase_expired(std::move(expired), moment, effects)) {
    is_looking_ = false;
    return true;
  }
  erased_ += erases;
  if (!position_.at_end) return true;
  is_looking_ = false;
  site_.expiries[partition_].end_look(remaining_);
  return true;
}

}  // namespace p2p::diststore::replication
