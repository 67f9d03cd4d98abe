// Who is in the network, by the 2009 system's rules made safe? Joins and removals travel as a chain from member to
// member, a member that cannot be reached is given up, and periodic comparisons of tables repair what a chain missed.
// Pure: told the time and what arrived, it lists effects. README.md explains the terms.
#pragma once

#include "classic/core/failed_connects.h"
#include "classic/core/messages.h"
#include "classic/core/round_robin.h"
#include "classic/core/table.h"
#include "classic/core/witnesses.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::classic {

struct ClassicOptions {
  FailedConnectsOptions failed_connects;
  Duration compare_interval = std::chrono::seconds(1);
  TableLimits table;
};

// Members asked right after a join, besides the one that answered it: with ten simultaneous joiners three of nine are
// enough to learn of all (tests/sim).
inline constexpr int kComparesAfterJoin = 3;

// Every this many comparisons a removed node is asked too, so that the halves of a split network find each other again.
inline constexpr int kComparesPerRemovedNode = 10;

// Chains in flight at one node; any further row is left to the comparisons.
inline constexpr std::size_t kChainsMax = 4096;

// How many successors this node watches at every interval, when all but the last are of the 2009 system and watch
// nobody.
inline constexpr int kWatchedMax = 8;

// How long a node once recognised as of the 2009 system is taken for one; later another may run in its place. One that
// is leaving, and answers nobody, is taken for one until it is gone.
inline constexpr Duration kClassicMemory = std::chrono::seconds(10);

// How long such a node may take to leave. It puts some 2,000 keys a second, and only its exit shows that it is done;
// calls for keys that it may hold wait until then. As long as our own nodes may take by default ([host] drain_limit).
inline constexpr Duration kClassicLeaveMax = std::chrono::minutes(15);

// How many members on other machines are asked along with one that may be silent.
inline constexpr int kWitnessesAsked = 2;

// How many nodes of each kind may keep a leaving node waiting, at each of its two farewells, before it leaves the rest
// to find out: with a call timeout of one second this stays within the host's drain timeout.
inline constexpr int kLeaveAttemptsMax = 3;

// Not thread-safe; `now` never goes back.
class ClassicMembership final {
 public:
  ClassicMembership(Member self, ClassicOptions options);

  // A message from another node. The answer goes back to it; an Error says why it was rejected.
  Result<View> handle(const Message& message, TimePoint now, Effects& effects);

  // How a call of Effects::calls ended. Each ends once; an unknown id is ignored.
  void call_ended(CallId id, const CallResult& result, TimePoint now, Effects& effects);

  // Rows of another node's table, however they arrived.
  void merge(const std::vector<Member>& rows, TimePoint now, Effects& effects);

  // Called when the answer to this node's Join is merged: asks others who else has joined meanwhile.
  void compare_after_join(TimePoint now, Effects& effects);

  // The 2009 system's calls, which carry no incarnation. `visited_nodes` are names.
  void classic_add(const NodeAddress& address, std::vector<std::string> visited_nodes, TimePoint now, Effects& effects);
  void classic_remove(const NodeAddress& address, std::vector<std::string> visited_nodes, TimePoint now,
                      Effects& effects);

  // This node is about to join through `via`, a node of the 2009 system that knows `members`, which include it under
  // its member name.
  void classic_join(const NodeAddress& via, const std::vector<NodeAddress>& members, TimePoint now, Effects& effects);

  // A service on this node could not reach `address`: it is asked at once, and only that outcome counts.
  void connect_failed(const NodeAddress& address, TimePoint now, Effects& effects);

  // For this and the following see membership::Membership.
  void withdraw(TimePoint now, Effects& effects);
  void leave(TimePoint now, Effects& effects);
  void tick(TimePoint now, Effects& effects);
  TimePoint next_wakeup() const;

  const Member& self() const { return self_; }
  View view() const { return {table_.fingerprint(), table_.rows()}; }  // with every row
  std::vector<NodeAddress> members() const { return table_.alive(); }

  void check() const;  // asserts what holds between calls; for tests and tests/sim

 private:
  // A row on its way to the next member; each failure moves it to the one after.
  struct Chain {
    Member row;
    std::vector<std::string> visited_nodes;
    bool is_farewell = false;  // of this node
    int silent = 0;            // our nodes that did not answer in time
    int silent_classic = 0;    // the same of the 2009 system
  };
  struct Comparison {
    bool is_second = false;  // sends our rows, after the first one fetched theirs
    // A node of the 2009 system whose ring still has the removed node.
    std::optional<NodeAddress> shown_by = {};
    bool is_of_leaver = false;  // the node asked was known to be leaving by then
  };
  // With neither chain nor comparison: a notice, whose outcome does not matter.
  struct Pending {
    NodeAddress to;
    std::optional<Chain> chain;
    std::optional<Comparison> comparison;
  };

  Result<View> answer(const Join& join, TimePoint now, Effects& effects);
  Result<View> answer(const PassOn& news, TimePoint now, Effects& effects);
  Result<View> answer(const Compare& compare, TimePoint now, Effects& effects);
  Result<View> answer(const Survey& survey, TimePoint now, Effects& effects);

  void take(const Member& row, Departure how, TimePoint now, Effects& effects);  // if it can be believed
  void accept(const Member& row, Departure how, TimePoint now, Effects& effects);
  void refute(const Member& heard, TimePoint now, Effects& effects);
  void on_message(const Member& row, std::vector<std::string> visited_nodes, TimePoint now, Effects& effects);
  void give_up(const Member& member, Departure how, TimePoint now, Effects& effects);

  void pass_on(const Member& row, std::vector<std::string> visited_nodes, Effects& effects);
  void continue_chain(Chain chain, Effects& effects);
  std::optional<NodeAddress> next_in_chain(const Chain& chain) const;
  void say_farewell(MemberState state, TimePoint now, Effects& effects);

  void watch_successors(const std::vector<std::string>& sorted_names, Effects& effects);
  void compare_with(const std::string& name, Effects& effects);
  void compare_with_removed(Effects& effects);
  void ask_removed(const Member& removed, std::optional<NodeAddress> shown_by, Effects& effects);
  void comparison_ended(const Pending& pending, const CallResult& result, TimePoint now, Effects& effects);
  void survey_ended(const Pending& pending, const CallResult& result, TimePoint now, Effects& effects);
  void tell_classic(const NodeAddress& node, const Member& row, Effects& effects);
  void remember_classic(const std::string& name, TimePoint now);
  bool is_classic(const std::string& name) const { return classic_until_.contains(name); }
  bool is_leaving(const std::string& name) const {
    const Member* known = table_.find(name);
    return known != nullptr && known->state == MemberState::leaving;
  }
  bool is_classic_leaver(const Member& member) const;
  void end_long_leaves(TimePoint now, Effects& effects);
  void note_reachability(const NodeAddress& to, CallId id, CallOutcome outcome, TimePoint now, Effects& effects);
  void count_fault(const NodeAddress& to, ConnectFault fault, TimePoint now, Effects& effects);
  void ask_suspect(const std::string& name, Effects& effects);

  void send(Pending pending, Message message, Effects& effects);

  Member self_;
  ClassicOptions options_;
  Table table_;
  FailedConnects failed_connects_;
  Witnesses witnesses_;
  RoundRobin next_compared_;
  RoundRobin next_removed_;
  RoundRobin next_witness_;
  std::map<CallId, Pending> pending_;
  std::map<std::string, TimePoint> classic_until_;  // nodes that turned out to be of the 2009 system, by name
  std::map<std::string, TimePoint> leaving_since_;  // those of them that said they are leaving
  std::set<std::string> compared_now_;              // names of pending comparisons: one each at a time
  std::size_t chains_ = 0;                          // among pending_
  CallId last_call_ = 0;
  TimePoint next_compare_at_{};
  int compares_ = 0;
  bool has_left_ = false;
};

}  // namespace p2p::classic
