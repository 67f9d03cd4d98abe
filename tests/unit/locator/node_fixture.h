// Whole locators of one test: shells over real cores, joined by the real bytes, on one told time.
#pragma once

#include "shell_fakes.h"

#include "classic/classic.h"
#include "classic/wire/messages.h"
#include "locator_impl.h"
#include "locator_shell.h"
#include "placement/classic_ring.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ring {

inline NodeAddress at(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }

// What the plugin makes of its configuration.
struct TestNode {
  TestNode(TestTime& time, TestPeers& peers, int port, discovery::Options discovery) : address(at(port)) {
    discovery.self = address;
    changes = std::make_shared<RingChanges>(RingChanges::Options{address},
                                            std::make_shared<placement::ClassicPlacement>(), strand_of(time), log);
    const auto classic =
        classic::assemble({address, time.now().time_since_epoch().count() / 1000, classic::MemberState::alive},
                          classic::ClassicOptions{}, std::chrono::seconds(1), classic::carrier(peers, "locator.peer"));
    node = std::make_shared<LocatorShell>(
        LocatorShell::Environment{strand, log, classic.carry, std::chrono::seconds(1),
                                  [this](const std::string& why) { waits_for_network = why; }},
        classic.membership, discovery, changes);
    locator = std::make_shared<LocatorImpl>(node, classic.make_announcements(node), log);
    methods = std::make_shared<Methods>();
    classic.add_peer_methods(*methods, node);
    peers.endpoints[address] = methods;
  }
  std::shared_ptr<Strand> strand_of(TestTime& time) { return strand = std::make_shared<TestStrand>(time); }

  void begin() {
    node->begin(Completion([this] { is_ready = true; }));
  }
  void leave() {
    node->leave(Completion([this] { has_left = true; }));
  }

  std::size_t rows() const { return wire::decode_table(*node->table()).value().members.size(); }  // of its table

  NodeAddress address;
  KeptLog log;
  std::shared_ptr<Strand> strand;
  std::shared_ptr<RingChanges> changes;
  std::shared_ptr<LocatorShell> node;
  std::shared_ptr<LocatorImpl> locator;
  std::shared_ptr<Methods> methods;
  std::string waits_for_network;
  bool is_ready = false;
  bool has_left = false;
};

// Takes its time to hand over what it holds.
struct HandingOver final : RingLayer {
  void cleanup(std::shared_ptr<const RingView> ring_without_self, Next next) override {
    ring = std::move(ring_without_self);
    held = std::move(next);
  }
  std::shared_ptr<const RingView> ring;
  Next held;
};

class NodeTest : public ::testing::Test {
 protected:
  ~NodeTest() override {
    for (auto& [port, node] : nodes) node->node->halt();
    time.pass(std::chrono::seconds(10));
  }

  TestNode& make(int port, discovery::Options discovery = local()) {
    return *(nodes[port] = std::make_unique<TestNode>(time, peers, port, discovery));
  }
  static discovery::Options local() {
    discovery::Options options;
    for (int port = 9900; port < 9910; ++port) options.candidates.push_back(at(port));
    return options;
  }
  static discovery::Options named(const std::vector<int>& ports) {
    discovery::Options options;
    options.source = discovery::Source::operators;
    for (const int port : ports) options.candidates.push_back(at(port));
    return options;
  }
  void crash(int port) {
    peers.endpoints.erase(at(port));
    nodes[port]->node->halt();
  }
  std::size_t members(int port) { return nodes[port]->locator->view().members().size(); }
  std::vector<NodeAddress> leaving(int port) { return nodes[port]->locator->view().leaving(); }
  TestOldNode& old_node(int port) { return peers.old_nodes[at(port)]; }

  TestTime time;
  TestPeers peers{time};
  std::map<int, std::unique_ptr<TestNode>> nodes;
};

}  // namespace p2p::ring
