// When is a member that cannot be reached given up? After several failed connects within a window, with no success
// between; after the first of them it is asked again soon, so that the question is decided within the window.
#pragma once

#include <p2p/units.h>

#include <map>
#include <string>
#include <vector>

namespace p2p::membership {

struct FailedConnectsOptions {
  int attempts = 3;
  Duration window = std::chrono::seconds(1);
};

class FailedConnects {
 public:
  explicit FailedConnects(FailedConnectsOptions options) : options_(options) {}

  // True when `name` has now failed often enough; it is then forgotten. Many waiting calls fail with one connect:
  // failures closer together than kOneFailure count as one.
  bool failed(const std::string& name, TimePoint now);

  // A connection to `name` broke: it is asked again soon, but that is not counted.
  void doubt(const std::string& name, TimePoint now);

  // `name` answered, or is no member any more.
  void forget(const std::string& name) { suspects_.erase(name); }

  // Those whose turn it is to be asked again; each is named once for each failure or doubt.
  std::vector<std::string> due(TimePoint now);
  TimePoint next_due() const;  // TimePoint::max() when nobody is doubted

 private:
  struct Suspect {
    std::vector<TimePoint> failures;  // within the window, `attempts` at most
    TimePoint ask_at{};               // max() while an answer is awaited
  };

  // The window holds this many pauses for each needed failure, so that a late answer still falls into it.
  Duration pause() const { return options_.window / (options_.attempts + 2); }

  FailedConnectsOptions options_;
  std::map<std::string, Suspect> suspects_;
};

// Connects that fail apart by less were one connect: a refusal on one machine takes microseconds, a re-try comes later.
inline constexpr Duration kOneFailure = std::chrono::milliseconds(20);

}  // namespace p2p::membership
