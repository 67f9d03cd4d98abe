// Is there a network to join, or does this node found one? Asks candidates, decides, and keeps looking for a while, so
// that nodes which started at the same moment end in one network. A node that was told whom to join waits until it has
// joined, and so does one whose candidates wait. Pure: told the time and what the candidates said, it lists what to do.
// What joining means stands in membership/.
#pragma once

#include <p2p/location.h>
#include <p2p/units.h>

#include <map>
#include <optional>
#include <set>
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

  // The longest pause before one that has to be joined is asked again.
  Duration retry = std::chrono::milliseconds(500);
};

// Whom to wait for is learnt from others too; more are not taken in.
inline constexpr std::size_t kCandidatesMax = 1'000;

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
  joined,   // Effects::via answered
  founded,  // nobody is there
};

struct Effects {
  std::vector<Location> ask;       // send each of them a Join
  std::optional<Verdict> verdict;  // the start may go on; at most once
  std::optional<Location> via;     // set with joined
};

class Discovery {
 public:
  explicit Discovery(Options options);

  void start(TimePoint now, Effects& effects);
  // `waits_for`: the candidate has joined nobody yet, and waits for these itself. Whoever it waits for is waited for
  // here, too: only when all of them have answered, and have nobody else to wait for, are they the network.
  void answered(const Location& candidate, const std::vector<Location>& waits_for, TimePoint now, Effects& effects);
  void not_answered(const Location& candidate, Refusal why, TimePoint now, Effects& effects);

  // `members` are those of the present view, sorted by name. Due at next_wakeup(); earlier does no harm.
  void tick(const std::vector<Location>& members, TimePoint now, Effects& effects);
  TimePoint next_wakeup() const;

  bool is_settled() const { return is_settled_; }

  // Those of whom this node must join one, or all of whom must have answered, before its start may go on. Empty when it
  // is settled, or may found a network by itself.
  std::vector<Location> waits_for() const;

 private:
  struct Candidate {
    bool is_asked = false;     // an answer is awaited
    bool has_refused = false;  // in its last answer
    bool is_named = false;     // by the operator of this node
    std::vector<Location> waits_for =
        {};              // in its last answer: it is there, has joined nobody yet, and waits for these
    TimePoint ask_at{};  // when to ask a needed one again
    Duration pause = kRetryFirst;
  };

  bool is_looked_for_here(const std::vector<Location>& members) const;
  void ask(const Location& location, Candidate& candidate, Effects& effects);
  void ask_again(TimePoint now, Effects& effects);
  void ask_later(Candidate& candidate, TimePoint now) const;
  void wait_for(const std::vector<Location>& others, Effects& effects);
  // Those named here, those that wait, and those that these wait for: none of the latter two any more when who waited
  // is gone.
  std::set<Location> needed() const;
  void join_those_who_wait(TimePoint now, Effects& effects);
  void look_around(const std::vector<Location>& members, TimePoint now, Effects& effects);
  void settle(Verdict verdict, TimePoint now, Effects& effects);
  void found_if_nobody_is_there(TimePoint now, Effects& effects);

  Options options_;
  std::map<Location, Candidate> candidates_;
  TimePoint started_at_{};
  TimePoint look_at_ = TimePoint::max();
  bool is_settled_ = false;  // joined or founded
};

}  // namespace p2p::discovery
