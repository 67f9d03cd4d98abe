// When is an unreachable member given up? After several attempts that failed in the same way, with no answer in
// between; after the first failure it is asked again soon, so that this is decided quickly. There are three ways to
// fail, counted separately.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace p2p::classic {

enum class ConnectFault : std::uint8_t {
  refused,   // the machine answers, but nothing listens there
  silent,    // no answer, and it is not this node's own link: see Witnesses
  stranger,  // something else answers there
};

struct FailedConnectsOptions {
  // For refused connects, within the window. For strangers too, which may take longer.
  int attempts = 3;
  Duration window = std::chrono::seconds(1);
};

// Failures closer together than this are one connect: a refusal on one machine takes microseconds, a retry comes later.
inline constexpr Duration kOneFailure = std::chrono::milliseconds(20);

// Each of them takes [host] connect_timeout, as a rule: with its default a member is gone 3 s after the first question.
// One lost packet is one such attempt.
inline constexpr int kSilencesLeast = 2;
// Between the first of them and the last: where the network reports at once that nobody is there, that may be
// transient.
inline constexpr Duration kSilenceLeast = std::chrono::milliseconds(700);

// Between the first stranger and the last: a node that is full, or about to exit, may close connections for a moment.
inline constexpr Duration kStrangerLeast = std::chrono::seconds(2);

// Attempts further apart than this are unrelated; a doubt that is not confirmed by then is dropped.
inline constexpr Duration kDoubtKept = std::chrono::seconds(10);

class FailedConnects {
 public:
  explicit FailedConnects(FailedConnectsOptions options) : options_(options) {}

  // True when `name` has now failed often enough; it is then forgotten. Many waiting calls fail with one connect:
  // failures closer together than kOneFailure count as one.
  bool failed(const std::string& name, ConnectFault fault, TimePoint now);

  // A connection to `name` broke: it is asked again soon, but this does not count.
  void doubt(const std::string& name, TimePoint now);

  // Another service or the host reports `name` as unreachable. True: ask it now; false: it was asked a moment ago, and
  // is asked again soon.
  bool is_to_be_asked_now(const std::string& name, TimePoint now);

  // A call to `name` ended inconclusively: if it is doubted, it is asked again.
  void not_told(const std::string& name, TimePoint now);

  // `name` answered, or is no longer a member.
  void forget(const std::string& name) { suspects_.erase(name); }

  // Something came back from the machine of `name`.
  void forget_silence(const std::string& name);

  // The members due to be asked again; each is named once for each failure or doubt.
  std::vector<std::string> due(TimePoint now);
  TimePoint next_due() const;  // TimePoint::max() when no member is doubted

 private:
  struct Series {
    TimePoint first{};
    TimePoint last{};
    int count = 0;
    void add(TimePoint now);
    bool is_enough(int least, Duration span) const { return count >= least && last - first >= span; }
  };
  struct Suspect {
    std::vector<TimePoint> refusals;  // within the window, `attempts` at most
    Series silences;
    Series strangers;
    TimePoint doubted_at{};
    TimePoint asked_at{};
    TimePoint ask_at = TimePoint::max();  // max() while an answer is awaited
  };

  bool is_refused(Suspect& suspect, TimePoint now) const;
  // The window holds more pauses than needed failures, so that a late answer still falls into it.
  Duration pause() const { return options_.window / (options_.attempts + 2); }

  FailedConnectsOptions options_;
  std::map<std::string, Suspect> suspects_;
};

}  // namespace p2p::classic
