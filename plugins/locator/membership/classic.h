// Who is in the network, by the 2009 system's rules made safe: joins and removals travel as a chain from member to
// member, a member that cannot be reached is given up, and tables that are compared now and then mend what a chain has
// missed. See Membership for the contract and README.md for the words.
#pragma once

#include "membership/failed_connects.h"
#include "membership/membership.h"
#include "membership/round_robin.h"
#include "membership/table.h"
#include "membership/witnesses.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::membership {

struct ClassicOptions {
  FailedConnectsOptions failed_connects;
  Duration compare_interval = std::chrono::seconds(1);
  TableLimits table;
};

// Members asked right after a join, besides the one that answered it: with ten simultaneous joiners three of nine are
// enough to hear of everybody (tests/sim).
inline constexpr int kComparesAfterJoin = 3;

// Every so many comparisons a removed node is asked too, so that halves of a network find each other again.
inline constexpr int kComparesPerRemovedNode = 10;

// Chains under way at one node; a row beyond it is left to the comparisons.
inline constexpr std::size_t kChainsMax = 4096;

// Members behind this node that it watches at every interval, when those before the last are of the 2009 system and
// watch nobody.
inline constexpr int kWatchedMax = 8;

// How long a node that turned out to be of the 2009 system is taken for one; by then another may run in its place. One
// that leaves, and answers nobody, is taken for one until it is gone.
inline constexpr Duration kClassicMemory = std::chrono::seconds(10);

// How long such a node may leave. It puts some 2,000 keys a second, and nothing but its end tells that it has done;
// calls for what it may hold wait until then. As long as our own may take by default ([host] drain_limit).
inline constexpr Duration kClassicLeaveMax = std::chrono::minutes(15);

// Members on other machines that are asked along with one that may be silent.
inline constexpr int kWitnessesAsked = 2;

// Nodes of each kind that may keep a leaving node waiting for an answer, at each of its two farewells, before it lets
// the others find out: with a call timeout of one second this stays within the host's drain timeout.
inline constexpr int kLeaveAttemptsMax = 3;

class ClassicMembership final : public Membership {
 public:
  ClassicMembership(Member self, ClassicOptions options);

  Result<View> handle(const Message& message, TimePoint now, Effects& effects) override;
  void call_ended(CallId id, const CallResult& result, TimePoint now, Effects& effects) override;
  void merge(const std::vector<Member>& rows, TimePoint now, Effects& effects) override;
  void compare_after_join(TimePoint now, Effects& effects) override;
  void classic_add(const Location& location, std::vector<std::string> authorities, TimePoint now,
                   Effects& effects) override;
  void classic_remove(const Location& location, std::vector<std::string> authorities, TimePoint now,
                      Effects& effects) override;
  void classic_join(const Location& via, const std::vector<Location>& members, TimePoint now,
                    Effects& effects) override;
  void connect_failed(const Location& location, TimePoint now, Effects& effects) override;
  void withdraw(TimePoint now, Effects& effects) override;
  void leave(TimePoint now, Effects& effects) override;
  void tick(TimePoint now, Effects& effects) override;
  TimePoint next_wakeup() const override;

  const Member& self() const override { return self_; }
  View view() const override { return {table_.fingerprint(), table_.rows()}; }
  std::vector<Location> members() const override { return table_.alive(); }

 private:
  // A row on its way to the next member; each failure moves it on to the one after.
  struct Chain {
    Member row;
    std::vector<std::string> authorities;
    bool is_farewell = false;  // of this node
    int silent = 0;            // targets of ours that did not answer in time
    int silent_classic = 0;    // and of the 2009 system
  };
  struct Comparison {
    bool is_second = false;  // sends our rows, after the first one brought theirs
    // A node of the 2009 system that has it on its ring, although it was removed.
    std::optional<Location> shown_by = {};
    bool is_of_leaver = false;  // whoever is asked was known to leave by then
  };
  // Neither chain nor comparison: a notice, of which it does not matter how it ends.
  struct Pending {
    Location to;
    std::optional<Chain> chain;
    std::optional<Comparison> comparison;
  };

  Result<View> answer(const Join& join, TimePoint now, Effects& effects);
  Result<View> answer(const PassOn& news, TimePoint now, Effects& effects);
  Result<View> answer(const Compare& compare, TimePoint now, Effects& effects);
  Result<View> answer(const Survey& survey, TimePoint now, Effects& effects);

  void take(const Member& row, Departure how, TimePoint now, Effects& effects);  // if it can be believed
  void accept(const Member& row, Departure how, TimePoint now, Effects& effects);
  void refute(const Member& claim, TimePoint now, Effects& effects);
  void hear(const Member& row, std::vector<std::string> authorities, TimePoint now, Effects& effects);
  void give_up(const Member& member, Departure how, TimePoint now, Effects& effects);

  void pass_on(const Member& row, std::vector<std::string> authorities, Effects& effects);
  void continue_chain(Chain chain, Effects& effects);
  std::optional<Location> next_in_chain(const Chain& chain) const;
  void say_farewell(MemberState state, TimePoint now, Effects& effects);

  void watch_successors(const std::vector<std::string>& sorted_names, Effects& effects);
  void compare_with(const std::string& name, Effects& effects);
  void compare_with_removed(Effects& effects);
  void ask_removed(const Member& removed, std::optional<Location> shown_by, Effects& effects);
  void comparison_ended(const Pending& pending, const CallResult& result, TimePoint now, Effects& effects);
  void survey_ended(const Pending& pending, const CallResult& result, TimePoint now, Effects& effects);
  void tell_classic(const Location& node, const Member& row, Effects& effects);
  void remember_classic(const std::string& name, TimePoint now);
  bool is_classic(const std::string& name) const { return classic_until_.contains(name); }
  bool is_leaving(const std::string& name) const {
    const Member* known = table_.find(name);
    return known != nullptr && known->state == MemberState::leaving;
  }
  bool is_classic_leaver(const Member& member) const;
  void end_long_leaves(TimePoint now, Effects& effects);
  void note_reachability(const Location& to, CallId id, Outcome outcome, TimePoint now, Effects& effects);
  void count_fault(const Location& to, ConnectFault fault, TimePoint now, Effects& effects);
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
  std::map<std::string, TimePoint> leaving_since_;  // of these, who has said that it leaves
  std::set<std::string> compared_now_;              // names of pending comparisons: one each at a time
  std::size_t chains_ = 0;                          // among pending_
  CallId last_call_ = 0;
  TimePoint next_compare_at_{};
  int compares_ = 0;
  bool has_left_ = false;
};

}  // namespace p2p::membership
