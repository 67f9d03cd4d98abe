// Several nodes' stores in one thread: the shells, engines and strands of each, a network that a test can cut, and maps
// that a test makes. What a node is told of a map is what the locator's own HolderHost tells it.
#pragma once

#include "agreed/holder_host.h"
#include "agreed/replica_shell.h"
#include "cluster_fixture.h"
#include "engine/memory/memory_engine.h"
#include "fake_ring.h"
#include "fake_strand.h"
#include "placement/partition_of.h"

#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore::agreed {

using namespace std::chrono_literals;
using cluster::ClusterMap;
using replication::Answer;
using replication::KeyWrite;
using replication::Verdict;

class ShellWorld;

class QuietLog final : public Logger {
 public:
  std::vector<std::string> lines;

 protected:
  void write(LogLevel, std::string_view line) noexcept override { lines.emplace_back(line); }
};

// A call on its way to another node's shell: its reply is what the network carries back.
class CarriedCall final : public CallState {
 public:
  using Ended = std::function<void(Result<std::string>)>;

  static void dispatch(Endpoint& endpoint, std::string message, Ended ended) {
    auto* const made = new CarriedCall(std::move(message), std::move(ended));  // NOLINT: ends itself, as the host's do
    endpoint.handle(Call(made));
  }

  const CallInfo& info() const noexcept override { return info_; }
  Codec& codec() noexcept override { return codec_; }
  void rewind() noexcept override {}
  void finish() noexcept override { end(std::string(codec_.out().written())); }
  void fail(CallFault, std::string_view text) noexcept override { end(Error{ErrorKind::refused, std::string(text)}); }
  void abandon() noexcept override { end(Error{ErrorKind::closed, "nobody has answered"}); }
  void forward(const NodeAddress&, Duration, std::function<void(Error, Call)>) override {}
  void disagree() noexcept override {}
  void dispatch_again() override {}
  void keep() override {}
  void expect_no_reply() noexcept override {}
  TimePoint deadline() const noexcept override { return TimePoint::max(); }
  void note_unknown_outcome() noexcept override {}
  bool has_unknown_outcome() const noexcept override { return false; }

 private:
  CarriedCall(std::string message, Ended ended) : message_(std::move(message)), ended_(std::move(ended)) {
    codec_.in().attach(message_);
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec_.binary_in().readMessageBegin(method_, type, sequence);
    info_.method = method_;
  }
  void end(Result<std::string> reply) {
    const std::unique_ptr<CarriedCall> self(this);
    ended_(std::move(reply));
  }

  std::string message_;
  Ended ended_;
  std::string method_;
  CallInfo info_;
  Codec codec_;
};

class ShownLocator final : public ILocator {
 public:
  const RingView& view() const override { return *ring_; }
  std::shared_ptr<const RingView> shared_view() const override { return ring_; }
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress>) const override { return ring_; }
  TimePoint lease_held_until() const override { return lease; }
  void when_joined(std::function<void()>) override {}
  Subscription push_layer(int, std::string, std::shared_ptr<RingLayer>) override { return {}; }
  Subscription subscribe(std::string, std::function<void(const RingChange&)>) override { return {}; }
  void join(const NodeAddress&) override {}
  void add(const NodeAddress&, std::vector<NodeAddress>) override {}
  void remove(const NodeAddress&, std::vector<NodeAddress>) override {}
  void log_view() const override {}
  void report_unreachable(const NodeAddress&) override {}
  std::string placement() const override { return "partitions"; }
  std::string encode_table() const override { return ""; }
  void merge_table(const NodeAddress&, std::string_view) override {}
  Subscription hold_partitions(std::string service, std::shared_ptr<PartitionHolder> holder) override {
    host.set_holder(std::move(service), std::move(holder));
    return Subscription([this] { host.clear_holder(); });
  }
  void compare_maps(PartitionNode node) override { compared.push_back(node); }

  p2p::agreed::HolderHost host;
  TimePoint lease = TimePoint::max();
  std::vector<PartitionNode> compared;

 private:
  std::shared_ptr<const RingView> ring_ = std::make_shared<FakeRing>(kSelf);
};

class ShellNode final {
 public:
  ShellNode(ShellWorld& world, unsigned number, std::uint64_t boot);
  ~ShellNode() { shell->stop(); }

  const unsigned number;
  const std::uint64_t boot;
  std::shared_ptr<FakeStrand> strand = std::make_shared<FakeStrand>();
  std::shared_ptr<MemoryEngine> engine = std::make_shared<MemoryEngine>(1);
  QuietLog log;
  std::unique_ptr<Peers> peers;
  std::shared_ptr<ShownLocator> locator = std::make_shared<ShownLocator>();
  std::shared_ptr<ReplicaShell> shell;
  Methods methods;
  bool hangs = false;  // its strand does not run
};

class ShellWorld : public ::testing::Test {
 protected:
  static constexpr const char* kKey = "a key";

  ShellWorld() { map = cluster::with_members(cluster::founded({.partitions = kPartitions}), 3); }
  // A shell that stops says so to others.
  ~ShellWorld() override {
    nodes.clear();
    network.clear();
  }

  ShellNode& start(unsigned number, std::uint64_t boot = 1) {
    nodes[number].reset();
    nodes[number] = std::make_unique<ShellNode>(*this, number, boot);
    show(number);
    return *nodes[number];
  }
  void start_all() {
    for (unsigned number = 1; number <= 3; ++number) start(number);
    settle();
  }
  // As if it had been killed: whoever calls it is told that its connection is closed.
  void kill(unsigned number) { nodes[number].reset(); }

  // The map is what these requests make of it; everybody is told.
  void change(std::vector<cluster::Request> requests) {
    map = cluster::after(map, std::move(requests));
    for (unsigned number = 1; number <= 3; ++number) show(number);
    settle();
  }
  void show(unsigned number) {
    if (nodes[number] != nullptr) show(number, map);
  }
  void show(unsigned number, const ClusterMap& shown);
  // The partition of kKey is in sync at these nodes, beside the first.
  void put_in_sync(std::vector<unsigned> numbers) {
    for (const unsigned number : numbers) {
      change({cluster::learn(partition, number)});
      change({cluster::put_in_sync(map, partition, number)});
    }
  }
  cluster::Epoch term() const { return map.partitions[partition].term; }

  // Until nothing moves any more without the clock.
  void settle();
  void pass(Duration time, Duration step = 5ms) {
    for (Duration passed{}; passed < time; passed += step) {
      for (auto& [number, node] : nodes)
        if (node != nullptr && !node->hangs) node->strand->advance(step);
      settle();
    }
  }

  std::shared_ptr<std::optional<Answer>> write(unsigned at, KeyWrite write) {
    auto answered = std::make_shared<std::optional<Answer>>();
    nodes[at]->shell->write(partition, replication::batch_of(std::move(write)),
                            [answered](const Answer& answer) { *answered = answer; });
    return answered;
  }
  Verdict put(unsigned at, const std::string& value, const std::string& key = kKey) {
    const auto answered = write(at, KeyWrite::put(key, value));
    settle();
    EXPECT_TRUE(answered->has_value()) << "no answer";
    return answered->has_value() ? (*answered)->verdict : Verdict::unknown;
  }
  std::string value_at(unsigned number, const std::string& key = kKey) {
    const auto found = nodes[number]->engine->copy(key).value();
    return found && !found->is_erased ? found->value : "";
  }

 public:
  void carry(unsigned from, const NodeAddress& to, std::string message, std::function<void(Result<std::string>)> done);
  // Over a link that takes so many bytes in a second, one call after the other.
  void carry_slowly(unsigned from, const NodeAddress& to, std::string message, Duration deadline,
                    std::function<void(Result<std::string>)> done);

  const Partition partition = placement::partition_of(kKey, kPartitions);
  ClusterMap map;
  std::map<unsigned, std::unique_ptr<ShellNode>> nodes;
  std::deque<std::function<void()>> network;
  std::set<std::pair<unsigned, unsigned>> cut;  // calls between them fail
  std::optional<std::size_t> bytes_per_second;  // of node 1's link to node 2
  TimePoint link_is_busy_until{};
  std::vector<std::unique_ptr<Timer>> on_their_way;
  std::set<unsigned> overloaded;  // their hosts send nothing
  std::size_t carried = 0;
  std::uint64_t drawn = 1;
  WallMs wall = 1'800'000'000'000;                       // at every node
  bool has_memory = true;                                // else whoever draws a session runs out of it
  std::map<unsigned, replication::MemoryBounds> memory;  // of a node that is started from now on
};

// --- below: how it works ---------------------------------------------------------------------------------------------

class WorldPeers final : public Peers {
 public:
  WorldPeers(ShellWorld& world, unsigned self) : world_(world), self_(self) {}
  void call(const NodeAddress& to, std::string_view, std::string message, Duration deadline,
            std::function<void(Result<std::string>)> done) override {
    if (world_.bytes_per_second && self_ == 1 && to == cluster::address(2))
      return world_.carry_slowly(self_, to, std::move(message), deadline, std::move(done));
    world_.carry(self_, to, std::move(message), std::move(done));
  }
  void call_classic(const NodeAddress&, std::string, Expect, Duration,
                    std::function<void(Result<std::string>)>) override {}

 private:
  ShellWorld& world_;
  const unsigned self_;
};

inline ShellNode::ShellNode(ShellWorld& world, unsigned of_number, std::uint64_t of_boot)
    : number(of_number), boot(of_boot), peers(std::make_unique<WorldPeers>(world, of_number)) {
  locator->host.begin(cluster::id(number), cluster::boot(boot));
  shell = std::make_shared<ReplicaShell>(ReplicaShell::Environment{.strand = strand,
                                                                   .peers = *peers,
                                                                   .log = log,
                                                                   .locator = locator,
                                                                   .service = "store",
                                                                   .draw =
                                                                       [&world] {
                                                                         if (!world.has_memory) throw std::bad_alloc();
                                                                         return ++world.drawn;
                                                                       },
                                                                   .wall_clock = [&world] { return world.wall; }},
                                         engine, ReplicaShellOptions{.replication = {.memory = world.memory[number]}});
  shell->add_methods(methods);
  shell->start();
}

inline void ShellWorld::show(unsigned number, const ClusterMap& shown) {
  const cluster::Slot self = cluster::slot(number);
  const bool is_known = shown.at(self).boot == cluster::boot(nodes[number]->boot);
  std::vector<cluster::Assignment> all;
  for (cluster::PartitionNumber at = 0; at < shown.partitions.size(); ++at) {
    const cluster::Partition& one = shown.partitions[at];
    cluster::Assignment is{.partition = at, .term = one.term, .born = one.born};
    if (is_known && one.primary == self) {
      is.role = cluster::Role::primary;
    } else if (is_known && one.is_in_sync(self)) {
      is.role = cluster::Role::in_sync;
    } else if (const cluster::Learner* learner = one.learner(self); is_known && learner != nullptr) {
      is.role = cluster::Role::learner;
      is.since = learner->since;
    }
    all.push_back(is);
  }
  nodes[number]->locator->host.on_map(std::make_shared<const ClusterMap>(shown), all, nodes[number]->strand->now());
}

inline void ShellWorld::settle() {
  for (bool is_busy = true; is_busy;) {
    const std::size_t before = carried;
    for (auto& [number, node] : nodes)
      if (node != nullptr && !node->hangs) node->strand->advance(0ms);
    is_busy = !network.empty() || carried != before;
    while (!network.empty()) {
      const auto next = std::move(network.front());
      network.pop_front();
      next();
    }
  }
}

inline void ShellWorld::carry(unsigned from, const NodeAddress& to, std::string message,
                              std::function<void(Result<std::string>)> done) {
  ++carried;
  if (overloaded.contains(from))
    return network.push_back([done = std::move(done)] { done(Error{ErrorKind::overloaded, "a queue is full"}); });
  network.push_back([this, from, to, message = std::move(message), done = std::move(done)] {
    const unsigned number = to.port - cluster::address(0).port;
    const auto is_cut = [this, from, number] {
      return cut.contains({from, number}) || cut.contains({number, from}) || nodes[number] == nullptr;
    };
    if (is_cut()) return done(Error{ErrorKind::closed, "the connection is closed"});
    CarriedCall::dispatch(nodes[number]->methods, message, [this, is_cut, done](Result<std::string> reply) {
      network.push_back([is_cut, done, reply] {
        done(is_cut() ? Result<std::string>(Error{ErrorKind::closed, "the connection is closed"}) : reply);
      });
    });
  });
}

inline void ShellWorld::carry_slowly(unsigned from, const NodeAddress& to, std::string message, Duration deadline,
                                     std::function<void(Result<std::string>)> done) {
  FakeStrand& strand = *nodes[from]->strand;
  const Duration needed = 1us * static_cast<std::int64_t>(message.size() * 1'000'000 / *bytes_per_second);
  link_is_busy_until = std::max(link_is_busy_until, strand.now()) + needed;
  const Duration delay = link_is_busy_until - strand.now();
  if (delay > deadline) {
    on_their_way.push_back(strand.after(deadline, [done] { done(Error{ErrorKind::timed_out, "it is too slow"}); }));
    return;
  }
  on_their_way.push_back(strand.after(delay, [this, from, to, message, done] { carry(from, to, message, done); }));
}

}  // namespace p2p::diststore::agreed
