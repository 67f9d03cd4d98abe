// The locator's shell: it owns the strand, the clock and the calls, reports events to membership and discovery, and
// applies their effects. How members agree is behind membership/membership.h; the ring is in ring/.
#pragma once

#include "discovery/discovery.h"
#include "membership/membership.h"
#include "ring/ring_changes.h"

#include <p2p/completion.h>
#include <p2p/log.h>
#include <p2p/repeated_warnings.h>
#include <p2p/snapshot.h>
#include <p2p/strand.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace p2p::ring {

class LocatorShell final : public std::enable_shared_from_this<LocatorShell> {
 public:
  // Provided by the host; outlives the strand's work.
  struct Environment {
    std::shared_ptr<Strand> strand;
    Logger& log;
    membership::Carrier carry;
    Duration call_timeout;  // for the first answer of a node that this one joins through
    std::function<void(const std::string& why)> waits_for_network;  // of Context
  };

  LocatorShell(Environment environment, std::shared_ptr<membership::Membership> membership,
               discovery::Options discovery, std::shared_ptr<RingChanges> changes);

  // Looks for a network; calls `joined` when this node is part of one and the ring shows it. Once. [any thread]
  void begin(Completion joined);

  void when_joined(std::function<void()> then);  // see ILocator [any thread]

  // Leaves: takes this node off the ring, announces that, runs the cleanup layers, and announces that it has ended;
  // then calls `done`, even if others could not be reached. Once. [any thread]
  void leave(Completion done);

  // Ends all work: what the strand runs later does nothing. Waits for what it runs now, unless begin() was never
  // called: the strand of a host whose start failed may never run. [any thread]
  void halt();

  // Runs an event of the membership implementation, such as an incoming message, and applies its effects. `event` runs
  // on the strand, or never when the node halts. [any thread]
  using Event = std::function<void(TimePoint now, membership::Effects& effects)>;
  void post_event(Event event);

  void report_unreachable(NodeAddress address);                         // [any thread]
  void merge_table(NodeAddress from, std::string table);                // [any thread]
  void run_services(std::vector<std::string> names, Completion known);  // see ILocator [any thread]

  RingChanges& changes() noexcept { return *changes_; }
  std::shared_ptr<const std::string> table() const { return table_.share(); }  // as sent to other nodes [any thread]

 private:
  void run_event(const Event& event);  // [own strand]
  void look_for_network();
  void enter_network(const membership::Entry& entry);
  void clean_up();
  void become_joined();
  void on_strand(std::function<void(LocatorShell&)> work);

  void apply(membership::Effects effects);
  void apply(discovery::Effects effects);
  void tell_services_known();
  void say(const membership::MembershipChange& change);
  void say_entry(const membership::Entry& entry);
  void note_met(const NodeAddress& address);
  void say_refusal(const NodeAddress& candidate, const std::string& why);
  void say_wait(const std::vector<NodeAddress>& waits_for);
  void say_bad_table(const NodeAddress& from, const std::string& why);

  void call(membership::OutgoingCall wanted);
  void ask(const NodeAddress& candidate);
  void ask_ended(const membership::JoinEnd& end);

  void tick();
  void set_alarm();

  Environment environment_;
  const std::shared_ptr<membership::Membership> membership_;
  discovery::Discovery discovery_;
  const discovery::Options discovery_options_;
  std::shared_ptr<RingChanges> changes_;
  Snapshot<std::string> table_;
  std::atomic<bool> is_begin_called_{false};

  // [own strand]
  Completion joined_;
  bool has_joined_ = false;
  std::vector<std::function<void()>> join_waiters_;
  std::function<void()> farewell_told_;  // continues after the announcement in flight
  Completion left_;
  Completion services_known_;
  std::set<NodeAddress> met_;  // of the candidates, those that are or were members
  RepeatedWarnings told_refusals_;
  RepeatedWarnings bad_tables_;
  std::map<NodeAddress, std::string> refusals_;  // last warning about each candidate, so that it is logged once
  bool is_waiting_ = false;                      // for a network, as reported to the host
  std::unique_ptr<Timer> alarm_;
  TimePoint alarm_at_ = TimePoint::max();
  bool has_begun_ = false;
  bool is_looking_ = false;  // for a network, and for further nodes of it
  bool is_leaving_ = false;
  bool is_halted_ = false;
};

}  // namespace p2p::ring
