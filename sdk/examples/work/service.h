// The shell of the service: one strand that owns the cores, a clock, the wire and the workers, and does what the cores
// decide. Its methods for clients stand in methods.cc, the hand-over between nodes in hand_over.cc.
#pragma once

#include "calls.h"
#include "core/departures.h"
#include "core/jobs.h"
#include "core/transfer_requests.h"
#include "kinds.h"
#include "workers.h"

#include <p2p/completion.h>
#include <p2p/handlers.h>
#include <p2p/locator.h>

#include <WorkPeer.h>

#include <atomic>
#include <memory>
#include <string>

namespace work {

struct Options {
  Limits limits;
  std::size_t payload_bytes_max = 0;
  std::size_t batch_bytes = 0;
};

// The service is its own part in changes of the ring. Joins and leaves of others take effect at once; what that moves
// is asked for afterwards. Only this node's own leave has to wait for us.
class Service final : public p2p::RingLayer, public std::enable_shared_from_this<Service> {
 public:
  Service(p2p::Context& context, std::shared_ptr<p2p::ILocator> locator, Options options);

  // Once, from the plugin's start(): what the constructor cannot do, because it hands out shared_from_this().
  void start();

  // The ring has changed: look at it. [any thread]
  void ring_changed();

  // This node is part of its network. [any thread]
  void joined();

  // This node leaves, and is off the ring: `next` once others have all that it held. [any thread]
  void cleanup(std::shared_ptr<const p2p::RingView> ring, p2p::Next next) override;

  // The service is switched off here: `done` once others have what they own by now. In an agreed cluster that is
  // everything that anybody else can take. [any thread]
  void drain(p2p::Completion done);

  // Ends what waits; logs what a leave had to leave behind. [any thread]
  void stop();

  // Method tables for the service itself and for its part "peer"; both hold this service.
  void add_methods(p2p::Methods& methods);
  void add_peer_methods(p2p::Methods& methods);

  // For the gauges. [any thread]
  struct Figures {
    std::atomic<std::int64_t> queued{0};
    std::atomic<std::int64_t> running{0};
    std::atomic<std::int64_t> done{0};
    std::atomic<std::int64_t> moved{0};  // jobs that were given to other nodes, all in all
  };
  const Figures& figures() const { return figures_; }

 private:
  // All of the following: [own strand].
  void on_strand(void (Service::*work)());
  bool may_act(const std::string& key) const { return transfer_requests_.is_confirmed(key); }
  void start_jobs();
  void finished(const JobName& name, Outcome outcome);
  void each_second();
  void show_figures();

  // methods.cc
  template <class Args, class Presult, class StepOf>
  void add_key_method(p2p::Methods& methods, const std::string& name, StepOf step_of);
  Step submit(const JobName& name, const std::string& kind, const std::string& payload, p2p::Call& call, bool may_act);

  // hand_over.cc
  void look_at_ring();
  void begin_round();
  void ask(const p2p::NodeAddress& node);
  void replied(std::uint64_t round, const p2p::NodeAddress& from, const p2p::Result<std::string>& reply);
  TransferRequests::Answer take(const p2p::NodeAddress& from, const p2p::Result<std::string>& reply);
  void round_ended();
  struct TransferRequest;
  void give(TransferRequest& claim);
  void reminded();
  void remind_receivers();
  void check_left();

  p2p::Logger& log_;
  p2p::Peers& peers_;
  const p2p::NodeAddress self_;
  const std::string peer_service_;  // "work.peer"
  const Options options_;
  const std::shared_ptr<p2p::ILocator> locator_;
  const std::shared_ptr<p2p::Strand> strand_;
  const std::shared_ptr<Workers> workers_;
  const std::shared_ptr<Calls> calls_;
  const JobKinds kinds_;
  const std::int64_t life_;  // of this service on this node: no other has the same
  Figures figures_;

  // [own strand]
  Jobs jobs_;
  Departures departures_;
  TransferRequests transfer_requests_;
  std::shared_ptr<const p2p::RingView> ring_;
  std::int64_t view_ = 0;                           // its view_id()
  std::int64_t view_version_;                       // one more with each ring; counted up from life_
  std::uint64_t round_ = 0;                         // replies to former ones are not taken
  std::map<p2p::NodeAddress, std::int64_t> taken_;  // batches to confirm with the next call
  std::set<p2p::NodeAddress> disagreeing_;          // whose ring was another one: they get our table
  bool has_progress_ = false;                       // the round has brought something
  p2p::Duration pause_{};                           // before the next round
  std::unique_ptr<p2p::Timer> round_timer_;
  std::unique_ptr<p2p::Timer> second_timer_;
  p2p::Completion left_;
  bool is_leaving_ = false;
  bool is_stopped_ = false;
};

}  // namespace work
