// Which calls to one node have not been answered yet? Gives each a sequence id and keeps their deadlines, without an
// allocation for each. Pure: is told the time.
#pragma once

#include "serving/reply_taker.h"

#include <p2p/units.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace p2p::host {

class WaitingCalls final {
 public:
  struct Waiting {
    ReplyTaker* taker = nullptr;
    bool was_sent = false;
  };

  // Takes a call; its sequence id, above zero. The taker must live until it was told, or taken out.
  std::int32_t add(ReplyTaker& taker, TimePoint deadline);

  // Takes the call of `sequence` out: null when it is not waiting (any more). Whoever has it must tell its taker.
  ReplyTaker* take(std::int32_t sequence);
  // The call of `sequence` is given to the system; until then its node cannot have executed it.
  void sent(std::int32_t sequence);
  // Takes out one call that is overdue at `now`; none without a taker. Its id is not used again until take() has seen
  // it, or clear(): an answer that comes late never meets another call.
  Waiting take_overdue(TimePoint now);
  // Who waits for the answer to `sequence`; null: nobody does (any more).
  const ReplyTaker* find_taker(std::int32_t sequence) const;

  // Takes all out, and forgets late answers too.
  std::vector<Waiting> clear();

  std::optional<TimePoint> next_deadline() const;
  bool empty() const noexcept { return waiting_ == 0; }
  std::size_t waiting() const noexcept { return waiting_; }
  std::size_t late() const noexcept { return late_; }  // overdue, and still unanswered

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};
  // An id is a place in its lower bits, and the number of its use above, so that an answer that comes twice is told
  // apart.
  static constexpr unsigned kIndexBits =
      21;  // [host] peer_calls_max is 1'000'000 at most, and kLateCallsMax may be late
  static constexpr std::uint32_t kUses = std::uint32_t{1} << (31 - kIndexBits);

  struct Place {
    ReplyTaker* taker = nullptr;
    TimePoint deadline{};
    Index earlier = kNone;  // in the list of those that wait; of a free place: the next free one
    Index later = kNone;
    std::uint32_t use = 0;
    bool is_given_out = false;
    bool was_sent = false;
  };

  Place* find(std::int32_t sequence);
  void link(Index index);
  void unlink(Index index);
  void free(Index index);

  std::vector<Place> places_;
  Index free_ = kNone;
  Index first_ = kNone;  // the earliest deadline
  Index last_ = kNone;
  std::size_t waiting_ = 0;
  std::size_t late_ = 0;
};

}  // namespace p2p::host
