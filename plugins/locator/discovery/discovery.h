// Is there a network to join, or does this node found one? Asks candidates, decides, and keeps looking for a while, so
// that nodes which started at the same moment end in one network. Pure: told the time and what the candidates said, it
// lists what to do. What joining means stands in membership/.
#pragma once

#include <p2p/location.h>
#include <p2p/units.h>

#include <map>
#include <optional>
#include <vector>

namespace p2p::discovery {

enum class Source : std::uint8_t {
  localhost,  // ports of this machine, where there may be nobody
  operators,  // nodes that the operator named: there must be one
};

struct Options {
  Source source = Source::localhost;
  Location self;
  std::vector<Location> candidates;  // may contain self, which is left out

  // How long a candidate that is there but says nothing keeps this node from founding a network. The asking shell gives
  // each question this deadline.
  Duration answer_timeout = std::chrono::seconds(2);

  // For named candidates: pause before one is asked again, and when to stop holding up the start of the node.
  Duration retry = std::chrono::milliseconds(500);
  Duration join_timeout = std::chrono::seconds(10);
};

// The first pause before a named candidate is asked again; it doubles up to Options::retry. A node that starts at the
// same moment listens within this.
inline constexpr Duration kRetryFirst = std::chrono::milliseconds(50);

// Once settled, candidates that are not members are asked every kLookSoon until kLookSoonFor has passed since the
// start, then every kLookLate: ten refused connects on one machine cost less than a millisecond.
inline constexpr Duration kLookSoon = std::chrono::seconds(2);
inline constexpr Duration kLookSoonFor = std::chrono::minutes(1);
inline constexpr Duration kLookLate = std::chrono::seconds(30);

enum class Refusal : std::uint8_t {
  absent,   // nobody there, or nobody who knows how to answer
  silent,   // there, but without an answer before the deadline
  is_self,  // the candidate is this very node under another name; it is not asked again
};

enum class Verdict : std::uint8_t {
  joined,         // Effects::via answered
  founded,        // nobody is there
  still_looking,  // none of the named candidates answered in time; this node goes on asking them
};

struct Effects {
  std::vector<Location> ask;       // send each of them a Join
  std::optional<Verdict> verdict;  // the start may go on; at most once, except that joined may follow still_looking
  std::optional<Location> via;     // set with joined
};

class Discovery {
 public:
  explicit Discovery(Options options);

  void start(TimePoint now, Effects& effects);
  void answered(const Location& candidate, TimePoint now, Effects& effects);
  void not_answered(const Location& candidate, Refusal why, TimePoint now, Effects& effects);

  // `members` are those of the present view, sorted by name. Due at next_wakeup(); earlier does no harm.
  void tick(const std::vector<Location>& members, TimePoint now, Effects& effects);
  TimePoint next_wakeup() const;

  bool is_settled() const { return is_settled_; }

 private:
  struct Candidate {
    bool is_asked = false;     // an answer is awaited
    bool has_refused = false;  // in its last answer
    TimePoint ask_at{};        // for named candidates that have not answered: when to ask again
    Duration pause = kRetryFirst;
  };

  bool is_looked_for_here(const std::vector<Location>& members) const;
  void ask(const Location& location, Candidate& candidate, Effects& effects);
  void ask_again(TimePoint now, Effects& effects);
  void look_around(const std::vector<Location>& members, TimePoint now, Effects& effects);
  void settle(Verdict verdict, TimePoint now, Effects& effects);
  void found_if_nobody_is_there(TimePoint now, Effects& effects);

  Options options_;
  std::map<Location, Candidate> candidates_;
  TimePoint started_at_{};
  TimePoint look_at_ = TimePoint::max();
  bool is_settled_ = false;  // the start may go on
  bool is_joined_ = false;   // or founded: named candidates need not be asked in haste
};

}  // namespace p2p::discovery
