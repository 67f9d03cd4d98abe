// A machine full of locators on virtual time: real membership and discovery cores, nodes of the 2009 system among them,
// a network with faults, and processes that are killed, frozen and started again. What must always hold is checked
// after every event.
#pragma once

#include "network.h"
#include "old_node.h"
#include "virtual_time.h"

#include "classic/core/classic_membership.h"
#include "discovery/discovery.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::sim {

// Ports from here on are each on a machine of its own; those below are all on one.
inline constexpr int kPortsOfMachines = 20'000;

struct WorldOptions {
  std::uint64_t seed = 1;
  int first_port = 9900;
  int ports = 10;
  int old_ports = 0;  // behind the others: whatever starts there is of the 2009 system
  // As a host that answers other nodes only when its own start is over.
  bool parks_calls_until_joined = false;
  bool searches_on = true;  // for other networks, once settled
  Duration hand_over_least = Duration::zero();
  Duration hand_over_most = std::chrono::seconds(1);
};

class LocatorWorld {
 public:
  explicit LocatorWorld(WorldOptions options);

  VirtualTime& time() { return time_; }
  Faults& faults() { return network_.faults; }
  const std::vector<int>& ports() const { return ports_; }  // of both kinds
  static std::string name(int port);
  bool is_old(int port) const { return port >= options_.first_port + options_.ports; }

  void start(int port);   // a new life; nothing when it runs already
  void kill(int port);    // as kill -9
  void leave(int port);   // withdraws, hands over for a while, and ends
  void freeze(int port);  // connects, but answers nothing
  void thaw(int port);
  void cut(int one, int other) { network_.cut(one, other); }
  void unplug(int port) { network_.unplug(port); }    // its machine's link is down
  void exhaust(int port) { network_.exhaust(port); }  // it cannot call anybody
  void occupy(int port) { network_.occupy(port); }    // while it does not run, somebody else answers there
  void mend_all();                                    // no more cuts, freezes or faults of any kind

  void run_for(Duration duration);

  bool is_running(int port) const { return network_.process(port) != nullptr; }
  std::vector<int> running() const;
  bool has_withdrawn(int port) const;             // and its farewell has been told
  std::set<std::string> ring(int port) const;     // names of others, as its layers have seen them
  std::set<std::string> leaving(int port) const;  // names of others

  // "" when every running node sees exactly the running nodes, each in its present life, on the ring or leaving;
  // otherwise what is wrong.
  std::string disagreement() const;

  // What held no more, with the time; empty when all is well.
  const std::vector<std::string>& broken_invariants() const { return broken_; }

  std::uint64_t calls() const { return network_.calls; }

 private:
  struct Locator;
  struct Old;
  using Answer = Network::Answer;

  std::shared_ptr<Locator> locator(int port) const;  // null unless one of ours runs there
  std::vector<NodeAddress> members_of(const Process& process) const;

  // --- ours
  void start_locator(int port);
  void call(const std::shared_ptr<Locator>& from, classic::OutgoingCall wanted, Answer answer);
  void apply(const std::shared_ptr<Locator>& at, classic::Effects effects);
  void apply(const std::shared_ptr<Locator>& at, discovery::Effects effects);
  void change_ring(Locator& at, const classic::MembershipChange& change);
  void ask(const std::shared_ptr<Locator>& at, const NodeAddress& candidate);
  void ask_ended(const std::shared_ptr<Locator>& at, const NodeAddress& candidate, const classic::CallResult& result);
  void join_old(const std::shared_ptr<Locator>& at, const NodeAddress& candidate, const classic::CallResult& members);
  void not_joined(const std::shared_ptr<Locator>& at, const NodeAddress& candidate, classic::CallOutcome why);
  void wake(const std::shared_ptr<Locator>& at);
  void set_alarm(const std::shared_ptr<Locator>& at);
  void farewell_done(const std::shared_ptr<Locator>& at);

  // --- the 2009 system's
  void start_old(int port);
  void hand_over(const std::shared_ptr<Old>& at);
  void end_hand_over(const std::shared_ptr<Old>& at);
  void check_news(const Process& from, const OldCall& call);
  void call_old_form(int from, const NodeAddress& to, OldCall call, Duration deadline, Answer answer);
  void on_message(const std::shared_ptr<Process>& at, const OldCall& call);
  void pass_on(const std::shared_ptr<Old>& at, std::optional<OldNode::Forward> forward, std::function<void()> then);

  // --- what must hold
  void check();
  void broke(const Process& process, const std::string& what);
  std::string disagreement_of(const Locator& at, const std::vector<classic::Member>& expected) const;

  WorldOptions options_;
  VirtualTime time_;
  Network network_{time_};
  std::vector<int> ports_;
  std::set<std::shared_ptr<Locator>> touched_;  // since the last check
  std::vector<std::string> broken_;
};

}  // namespace p2p::sim
