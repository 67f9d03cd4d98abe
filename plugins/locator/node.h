// The locator's shell: it owns the strand, the clock and the calls, tells the cores what happened and obeys their
// effects. The rules stand in membership/ and discovery/, the ring in ring/, the bytes in wire/.
#pragma once

#include "discovery/discovery.h"
#include "membership/membership.h"
#include "ring/ring_changes.h"

#include <p2p/completion.h>
#include <p2p/log.h>
#include <p2p/peers.h>
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

class Node final : public std::enable_shared_from_this<Node> {
 public:
  // What the host lends; it outlives the strand's work.
  struct Surroundings {
    std::shared_ptr<Strand> strand;
    Peers& peers;
    Logger& log;
    std::string peer_service;  // "locator.peer"
    Duration call_timeout;
    std::function<void(const std::string& why)> waits_for_network;  // of Context
  };

  Node(Surroundings surroundings, std::unique_ptr<membership::Membership> membership, discovery::Options discovery,
       std::shared_ptr<RingChanges> changes);

  // Looks for a network; `settled` when this node is part of one, and the ring shows it. Once. [any thread]
  void begin(Completion settled);

  void when_settled(std::function<void()> then);  // see ILocator [any thread]

  // Leaves: takes this node off the ring, tells the others so, runs the cleanup layers, and tells them that it has
  // ended; `done` when they know, as far as they can be told. Once. [any thread]
  void leave(Completion done);

  // Ends all work: what the strand runs later does nothing. Waits for what it runs now, unless begin() was never
  // called: the strand of a host whose start has failed may never turn. [any thread]
  void halt();

  // A message of another node; `answer` runs on the strand, or never when the node halts. [any thread]
  void hear(membership::Message message, std::function<void(Result<membership::View>)> answer);

  void classic_add(Location location, std::vector<std::string> authorities);     // [any thread]
  void classic_remove(Location location, std::vector<std::string> authorities);  // [any thread]
  void connect_failed(Location location);                                        // [any thread]
  void merge(std::vector<membership::Member> rows);                              // [any thread]

  RingChanges& changes() noexcept { return *changes_; }
  std::shared_ptr<const membership::View> table() const { return table_.share(); }  // [any thread]

 private:
  using Event = std::function<void(membership::Membership&, TimePoint, membership::Effects&)>;

  void tell(Event event);              // posts it to the core and obeys [any thread]
  void tell_here(const Event& event);  // [own strand]
  void clean_up();
  void become_settled();
  void on_strand(std::function<void(Node&)> work);

  void obey(membership::Effects effects);
  void obey(discovery::Effects effects);
  void say(const membership::RingChange& change);
  void say_verdict(const discovery::Effects& effects);
  void note_met(const Location& location);
  void say_refusal(const Location& candidate, const std::string& why);
  void say_wait();

  void call(membership::OutgoingCall wanted);
  void ask(const Location& candidate);
  void ask_ended(const Location& candidate, const Result<std::string>& reply);
  void ask_classic(const Location& candidate);
  void join_classic(const Location& candidate, const Result<std::string>& reply);
  void not_joined(const Location& candidate, discovery::Refusal refusal, const std::string& why);

  void tick();
  void set_alarm();

  Surroundings surroundings_;
  std::unique_ptr<membership::Membership> membership_;
  discovery::Discovery discovery_;
  const discovery::Options discovery_options_;
  std::shared_ptr<RingChanges> changes_;
  Snapshot<membership::View> table_;
  std::atomic<bool> is_begin_called_{false};

  // [own strand]
  Completion settled_;
  bool is_settled_ = false;
  std::vector<std::function<void()>> settled_waiters_;
  std::function<void()> farewell_told_;  // what follows the announcement that is under way
  Completion left_;
  std::set<Location> met_;                    // of the candidates, those that are or were members
  RepeatedWarnings told_refusals_;
  std::map<Location, std::string> refusals_;  // last words about each candidate, so that they are said once
  bool is_waiting_ = false;                   // for a network, as the host was told
  std::unique_ptr<Timer> alarm_;
  TimePoint alarm_at_ = TimePoint::max();
  bool has_begun_ = false;
  bool is_leaving_ = false;
  bool is_halted_ = false;
};

}  // namespace p2p::ring
