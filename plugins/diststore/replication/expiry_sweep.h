// Which values have expired, and are erased though nobody asks for them (docs/decisions/0037)? The primary looks
// through its partitions, a bounded step at a time, and erases what it finds by ordinary replicated writes. What it has
// found is erased in the same call, so nothing newer can be. A partition in which nothing can have expired is not
// looked at.
#pragma once

#include "replication/effects.h"
#include "replication/site.h"

#include <cstddef>

namespace p2p::diststore::replication {

// Of one step: some 100 us for what is looked at, and as much for what is erased.
inline constexpr std::size_t kSweepEntriesMax = 1024;
inline constexpr std::size_t kSweepErasesMax = 128;
inline constexpr std::size_t kSweepKeyBytesMax = 64 * 1024;  // of the keys of one erase
// To begin with a partition costs about as much as so many entries.
inline constexpr std::size_t kSweepPartitionCost = 4;
// Between steps: 10,000 entries a second are less than a tenth of a per cent of a CPU. Where at least one in
// kSweepYield of those looked at had expired, the next step comes sooner: 25,000 erases a second, and what has expired
// is a small part of what is stored.
inline constexpr Duration kSweepPause = std::chrono::milliseconds(100);
inline constexpr Duration kSweepBusyPause = std::chrono::milliseconds(5);
inline constexpr std::size_t kSweepYield = 16;
// While nothing has expired, the clock is looked at so often at least: it may be set.
inline constexpr Duration kSweepWaitMax = std::chrono::seconds(1);

class ExpirySweep final {
 public:
  explicit ExpirySweep(Site& site) : site_(site) {}

  // If one is due.
  void step(Moment moment, Effects& effects);
  // TimePoint::max(): nothing that this node is primary of expires.
  TimePoint next_step() const noexcept;

 private:
  bool begin_look(WallMs now);
  bool look(Moment moment, Effects& effects);
  WallMs first_of_primaries() const;

  Site& site_;
  TimePoint next_at_ = TimePoint::min();
  bool is_looking_ = false;
  Partition partition_ = 0;  // that is looked at, or was last
  ScanPosition position_ = {};
  WallMs remaining_ = ExpiryBound::kNever;
  // Of the running step.
  std::size_t looked_ = 0;
  std::size_t erased_ = 0;
};

}  // namespace p2p::diststore::replication
