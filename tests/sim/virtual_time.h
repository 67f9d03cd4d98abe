// What happens next? A clock that jumps from event to event, and the one source of chance of a simulation: equal seeds
// give equal runs, on every machine.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>

namespace p2p::sim {

class VirtualTime {
 public:
  explicit VirtualTime(std::uint64_t seed) : chance_(seed) {}

  TimePoint now() const { return now_; }

  void at(TimePoint when, std::function<void()> what) {
    events_.emplace(std::pair(std::max(when, now_), ++count_), std::move(what));
  }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  // Runs every event up to `until`, calling `check` after each.
  void run(TimePoint until, const std::function<void()>& check) {
    while (!events_.empty() && events_.begin()->first.first <= until) {
      auto event = events_.extract(events_.begin());
      now_ = event.key().first;
      event.mapped()();
      check();
    }
    now_ = until;
  }

  // Nothing that was to happen will. For the end of a simulation.
  void forget_all() { events_.clear(); }

  // Own arithmetic: the distributions of the standard library differ between implementations.
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : chance_() % limit; }
  bool happens(double probability) { return static_cast<double>(chance_() >> 11) < probability * 9007199254740992.0; }
  Duration between(Duration least, Duration most) {
    return least + Duration(below(static_cast<std::uint64_t>((most - least).count()) + 1));
  }

  std::uint64_t events_so_far() const { return count_; }

 private:
  TimePoint now_{std::chrono::seconds(1000)};
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t count_ = 0;
  std::mt19937_64 chance_;
};

}  // namespace p2p::sim
