// When is a member that cannot be reached given up? After several attempts that failed in one way, with no answer
// between; after the first of them it is asked again soon, so that the question is decided quickly. Three ways to fail,
// each counted by itself.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace p2p::membership {

enum class ConnectFault : std::uint8_t {
  refused,   // the machine answers, and nobody listens there
  silent,    // no answer, and it is not this node's own link: see Witnesses
  stranger,  // somebody answers who is not that member
};

struct FailedConnectsOptions {
  // Of refused connects, within the window. Of strangers too, which may take longer.
  int attempts = 3;
  Duration window = std::chrono::seconds(1);
};

// Connects that fail apart by less were one connect: a refusal on one machine takes microseconds, a re-try comes later.
inline constexpr Duration kOneFailure = std::chrono::milliseconds(20);

// Each of them takes [host] connect_timeout, as a rule: with its default a member is gone 3 s after the first question.
// One lost packet is one such attempt.
inline constexpr int kSilencesLeast = 2;
// Between the first of them and the last: where the network says at once that nobody is there, it may do so for a
// moment.
inline constexpr Duration kSilenceLeast = std::chrono::milliseconds(700);

// Between the first stranger and the last: whoever is full, or about to end, may close connections for a moment.
inline constexpr Duration kStrangerLeast = std::chrono::seconds(2);

// Attempts that are further apart have nothing to do with each other; a doubt for which nothing more is found is given
// up.
inline constexpr Duration kDoubtKept = std::chrono::seconds(10);

class FailedConnects {
 public:
  explicit FailedConnects(FailedConnectsOptions options) : options_(options) {}

  // True when `name` has now failed often enough; it is then forgotten. Many waiting calls fail with one connect:
  // failures closer together than kOneFailure count as one.
  bool failed(const std::string& name, ConnectFault fault, TimePoint now);

  // A connection to `name` broke: it is asked again soon, but that is not counted.
  void doubt(const std::string& name, TimePoint now);

  // Somebody else says that `name` cannot be reached. True: it is to be asked now; false: it was asked a moment ago,
  // and is asked again soon.
  bool is_to_be_asked_now(const std::string& name, TimePoint now);

  // What was asked of `name` ended in a way that says nothing: if it is doubted, it is asked again.
  void not_told(const std::string& name, TimePoint now);

  // `name` answered, or is no member any more.
  void forget(const std::string& name) { suspects_.erase(name); }

  // The machine of `name` has been heard.
  void forget_silence(const std::string& name);

  // Those whose turn it is to be asked again; each is named once for each failure or doubt.
  std::vector<std::string> due(TimePoint now);
  TimePoint next_due() const;  // TimePoint::max() when nobody is doubted

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
  // The window holds this many pauses for each needed failure, so that a late answer still falls into it.
  Duration pause() const { return options_.window / (options_.attempts + 2); }

  FailedConnectsOptions options_;
  std::map<std::string, Suspect> suspects_;
};

}  // namespace p2p::membership
