// Which calls to one node have not been answered yet? Gives each a sequence id and tracks its deadline, without an
// allocation per call. Pure: takes the time as an argument.
#pragma once

#include "serving/reply_handler.h"

#include <p2p/units.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace p2p::host {

// What a call does while the node is known to be unreachable, and which budget it has.
enum class Urgency : std::uint8_t {
  fails_fast,  // fails at once, as Outage says
  must_try,    // connects, or waits for the connect that is under way: the call is meant to find out. It goes before
               // the others, and counts by itself
};

class WaitingCalls final {
 public:
  struct Waiting {
    ReplyHandler* taker = nullptr;
    bool was_sent = false;
  };

  // Adds a call; returns its sequence id, above zero. The taker must live until it was called, or taken out.
  std::int32_t add(ReplyHandler& taker, TimePoint deadline, Urgency urgency = Urgency::fails_fast);

  // Takes the call of `sequence` out: null when it is not waiting (any more). The caller must call the taker.
  ReplyHandler* take(std::int32_t sequence);
  // The call of `sequence` was given to the system; before that the node cannot have executed it.
  void sent(std::int32_t sequence);
  // Takes out one call that is overdue at `now`; none without a taker. Its id is not reused until take() has seen it,
  // or clear(): a late answer never matches another call.
  Waiting take_overdue(TimePoint now);
  // The handler that waits for the answer to `sequence`; null: none does (any more).
  const ReplyHandler* find_taker(std::int32_t sequence) const;

  // Takes all out, and forgets late answers too.
  std::vector<Waiting> clear();

  std::optional<TimePoint> next_deadline() const;
  bool empty() const noexcept { return waiting_ == 0; }
  std::size_t waiting() const noexcept { return waiting_; }
  std::size_t waiting(Urgency urgency) const noexcept {
    return urgency == Urgency::must_try ? urgent_ : waiting_ - urgent_;
  }
  std::size_t late() const noexcept { return late_; }  // overdue, and still unanswered

  void check() const;  // asserts what holds between calls; for tests

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};
  // An id is a place in its lower bits, and a use count above, so that a duplicate answer is detected.
  static constexpr unsigned kIndexBits =
      21;  // [host] peer_calls_max is 1'000'000 at most, and kLateCallsMax may be late
  static constexpr std::uint32_t kUses = std::uint32_t{1} << (31 - kIndexBits);

  struct Place {
    ReplyHandler* taker = nullptr;
    TimePoint deadline{};
    Index earlier = kNone;  // in the list of waiting calls; in a free place: the next free one
    Index later = kNone;
    std::uint32_t use = 0;
    bool is_given_out = false;
    bool is_urgent = false;
    bool was_sent = false;
  };

  Place* find(std::int32_t sequence);
  void link(Index index);
  void unlink(Index index);
  void free(Index index);
  std::size_t check_list() const;  // how many wait
  std::size_t check_free() const;  // how many places are free

  std::vector<Place> places_;
  Index free_ = kNone;
  Index first_ = kNone;  // the earliest deadline
  Index last_ = kNone;
  std::size_t waiting_ = 0;
  std::size_t urgent_ = 0;  // of those
  std::size_t late_ = 0;
};

}  // namespace p2p::host
