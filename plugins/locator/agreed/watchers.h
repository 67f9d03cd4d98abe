// Who watches this process? Each voter has one call open to it, which is answered after a while: it learns at once when
// the process ends. Pure.
#pragma once

#include "agreed/wire/messages.h"

#include <p2p/units.h>

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace p2p::agreed {

// A watch is answered after so long, and given up by whoever watches some time later.
inline constexpr Duration kWatchFor = std::chrono::seconds(4);  // less than the default of [host] call_timeout
inline constexpr Duration kWatchDeadline = std::chrono::seconds(10);
inline constexpr std::size_t kWatchersMax = 64;

class Watchers final {
 public:
  void add(cluster::wire::Respond respond, TimePoint now) {
    waiting_.push_back({.until = has_ended_ ? now : now + kWatchFor, .respond = std::move(respond)});
  }

  // Those that are to be answered.
  std::vector<cluster::wire::Respond> take_due(TimePoint now) {
    std::vector<cluster::wire::Respond> due;
    while (!waiting_.empty() && (waiting_.front().until <= now || waiting_.size() > kWatchersMax)) {
      due.push_back(std::move(waiting_.front().respond));
      waiting_.pop_front();
    }
    return due;
  }

  // From now on each is due as it comes: the node waits for its calls.
  void end() {
    has_ended_ = true;
    for (Watcher& watcher : waiting_) watcher.until = TimePoint::min();
  }

 private:
  struct Watcher {
    TimePoint until;
    cluster::wire::Respond respond;
  };

  std::deque<Watcher> waiting_;
  bool has_ended_ = false;
};

}  // namespace p2p::agreed
