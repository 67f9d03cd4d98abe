// Were the answers right? What clients did with one key, with the times when they asked and were answered, and whether
// one store that does one thing at a time could have answered so (linearizability).
#pragma once

#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::sim {

// Of one key. Values are numbers, each written once; 0: there is none.
struct StoreOperation {
  enum class Kind : std::uint8_t { read, write, erase, swap };
  // failed: surely not executed. unknown: perhaps executed, once at any time since.
  enum class Outcome : std::uint8_t { unknown, done, failed };

  Kind kind = Kind::read;
  int value = 0;  // written, read or, if not 0, erased: whether there was one is all that an erase tells
  TimePoint begun{};
  TimePoint ended = TimePoint::max();
  Outcome outcome = Outcome::unknown;
  // So often more than once it may have been executed: a connection broke, and a node sent it again
  // (docs/decisions/0012).
  std::size_t repeats_most = 0;
  TimePoint kept_at{};  // of a put that lies at a node which has to bring it to its owner: since when
  int node = 0;         // who was asked
  int expected = 0;     // of a swap: what was there before it, and is no more
};

using StoreHistory = std::vector<StoreOperation>;

// The part of the history before `at`; what was open then may have been executed.
StoreHistory before(const StoreHistory& history, TimePoint at);

// "" if the history is linearizable; otherwise what cannot be, with the whole history.
std::string not_linearizable(const StoreHistory& history);

// "" if every put that a node has kept was found by a read, or may be hidden by a later change; otherwise which one was
// not. `slack`: clocks differ by less.
std::string lost_put(const StoreHistory& history, Duration slack);

// "" if no read returned what nobody had begun to write; otherwise which one did.
std::string read_of_nothing(const StoreHistory& history);

}  // namespace p2p::sim
