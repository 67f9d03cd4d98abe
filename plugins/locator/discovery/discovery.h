// Is there a network to join, or does this node found one? Asks candidates, decides, and keeps looking for a while, so
// that nodes which started at the same moment end in one network. A node with named members to join waits until it has
// joined, and so does one whose candidates wait. Pure: from the time and the candidates' answers it computes what to
// do. membership/ defines what joining means.
#pragma once

#include <p2p/node_address.h>
#include <p2p/units.h>

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace p2p::discovery {

enum class Source : std::uint8_t {
  localhost,  // ports of this machine, where nobody may be listening
  operators,  // nodes that the operator named: one must exist
};

struct Options {
  Source source = Source::localhost;
  NodeAddress self;
  std::vector<NodeAddress> candidates;  // may contain self, which is left out

  // How long a candidate that is there but says nothing keeps this node from founding a network. The shell gives each
  // request this deadline.
  Duration answer_timeout = std::chrono::seconds(2);

  // The longest pause before a candidate that must be joined is asked again.
  Duration retry = std::chrono::milliseconds(500);
};

// Nodes to wait for are also learnt from others; any above this limit are ignored.
inline constexpr std::size_t kCandidatesMax = 1'000;

// The first pause before a named candidate is asked again; it doubles up to Options::retry. A node that starts at the
// same moment listens within this.
inline constexpr Duration kRetryFirst = std::chrono::milliseconds(50);

// After the verdict, candidates that are not members are asked every kSearchSoon until kSearchSoonFor has passed since
// the start, then every kSearchLate: ten refused connects on one machine cost less than a millisecond.
inline constexpr Duration kSearchSoon = std::chrono::seconds(2);
inline constexpr Duration kSearchSoonFor = std::chrono::minutes(1);
inline constexpr Duration kSearchLate = std::chrono::seconds(30);

enum class Refusal : std::uint8_t {
  absent,   // nobody there, or nobody able to answer
  silent,   // there, but without an answer before the deadline
  is_self,  // the candidate is this node under another name; it is not asked again
};

enum class Verdict : std::uint8_t {
  joined,   // Effects::via answered
  founded,  // nobody is there
};

struct Effects {
  std::vector<NodeAddress> ask;    // send each of them a Join
  std::optional<Verdict> verdict;  // the start may go on; at most once
  std::optional<NodeAddress> via;  // set with joined
};

class Discovery {
 public:
  explicit Discovery(Options options);

  void start(TimePoint now, Effects& effects);
  // `waits_for`: the candidate has joined nobody yet, and waits for these itself. This node waits for them too: only
  // when all of them have answered, and wait for nobody else, do they form the network.
  void answered(const NodeAddress& candidate, const std::vector<NodeAddress>& waits_for, TimePoint now,
                Effects& effects);
  void not_answered(const NodeAddress& candidate, Refusal why, TimePoint now, Effects& effects);

  // `members` are those of the current view, sorted by name. Due at next_wakeup(); earlier does no harm.
  void tick(const std::vector<NodeAddress>& members, TimePoint now, Effects& effects);
  TimePoint next_wakeup() const;

  bool has_joined() const { return has_joined_; }

  // The nodes of which this one must join one, or which must all have answered, before its start may go on. Empty after
  // the verdict, or when it may found a network by itself.
  std::vector<NodeAddress> waits_for() const;

 private:
  struct Candidate {
    bool is_asked = false;     // an answer is awaited
    bool has_refused = false;  // in its last answer
    bool is_named = false;     // by the operator of this node
    std::vector<NodeAddress> waits_for =
        {};              // in its last answer: it is there, has joined nobody yet, and waits for these
    TimePoint ask_at{};  // when to ask a needed one again
    Duration pause = kRetryFirst;
  };

  bool is_searched_for_here(const std::vector<NodeAddress>& members) const;
  void ask(const NodeAddress& address, Candidate& candidate, Effects& effects);
  void ask_again(TimePoint now, Effects& effects);
  void ask_later(Candidate& candidate, TimePoint now) const;
  void wait_for(const std::vector<NodeAddress>& others, Effects& effects);
  // The nodes named here, those that wait, and those that these wait for; the latter two drop out when the waiting node
  // is gone.
  std::set<NodeAddress> needed() const;
  void join_those_who_wait(TimePoint now, Effects& effects);
  void search_again(const std::vector<NodeAddress>& members, TimePoint now, Effects& effects);
  void settle(Verdict verdict, TimePoint now, Effects& effects);
  void found_if_nobody_is_there(TimePoint now, Effects& effects);

  Options options_;
  std::map<NodeAddress, Candidate> candidates_;
  TimePoint started_at_{};
  TimePoint search_at_ = TimePoint::max();
  bool has_joined_ = false;  // joined or founded
};

}  // namespace p2p::discovery
