// A few members that agree with each other in one function call: messages arrive at once, unless a way is cut; the disk
// syncs at once, unless it is told not to. Time stands until it is moved.
#pragma once

#include "cluster_fixture.h"

#include "cluster/embedded/embedded_agreement.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace p2p::cluster {

using namespace std::chrono_literals;

// Members 1 to `members`, of which the first `voters` vote; all partitions are in sync at all of them, and 1 is their
// primary.
inline ClusterMap map_of(unsigned members, std::size_t voters, std::uint32_t partitions = 2) {
  ClusterMap map = founded({.partitions = partitions});
  for (unsigned number = 2; number <= members; ++number) {
    map.members.push_back(member(number));
    map.members.back().since = 1;
    for (Partition& partition : map.partitions) partition.in_sync.push_back(static_cast<Slot>(number - 1));
  }
  map.voters.clear();
  for (std::size_t slot = 0; slot < voters; ++slot) map.voters.push_back(static_cast<Slot>(slot));
  return map;
}

// Of a node that begins with this map on its disk.
inline std::unique_ptr<EmbeddedAgreement> embedded(const Member& self, const ClusterMap& map, TimePoint now) {
  return std::make_unique<EmbeddedAgreement>(
      EmbeddedAgreement::Self{.id = self.id, .boot = self.boot}, LeaseRules{},
      SavedAgreement{.map = std::make_shared<const ClusterMap>(map), .voter = {}}, now);
}

class AgreementTest : public ::testing::Test {
 protected:
  static constexpr int kAlways = 1 << 30;

  struct Node {
    std::unique_ptr<EmbeddedAgreement> agreement;
    Boot boot;
    SavedAgreement on_disk;
    int syncs_left = kAlways;  // then the disk hangs
    std::deque<AgreementEffects::Save> unsynced;
    double clock_rate = 1;  // set before start()
    std::vector<Decision> decisions;
  };

  void start(const ClusterMap& map) {
    for (const Member& one : map.members) {
      Node& node = nodes_[one.id];
      node.boot = one.boot;
      node.on_disk.map = std::make_shared<const ClusterMap>(map);
      begin(one.id);
    }
    wait(LeaseRules{}.feared());  // nobody is feared any more (L6)
    for (auto& [id, node] : nodes_) tick(id);
  }

  // Another process of the same id, with what was on disk.
  void restart(unsigned number) {
    Node& node = nodes_[id(number)];
    node.boot = boot(node.boot.number + 1);
    node.unsynced.clear();
    begin(id(number));
  }

  EmbeddedAgreement& at(unsigned number) { return *nodes_[id(number)].agreement; }
  Node& node(unsigned number) { return nodes_[id(number)]; }
  Epoch epoch_at(unsigned number) { return at(number).latest()->epoch; }
  TimePoint now(unsigned number) { return local(nodes_[id(number)]); }
  bool holds_lease(unsigned number) { return at(number).lease_held_until() > now(number); }

  void cut(unsigned from, unsigned to) { cuts_.insert({id(from), id(to)}); }
  void cut_off(unsigned number) {
    for (const auto& [other, node] : nodes_) {
      cuts_.insert({id(number), other});
      cuts_.insert({other, id(number)});
    }
    cuts_.erase({id(number), id(number)});
  }
  void mend() { cuts_.clear(); }
  void mend_all_but(const std::set<std::pair<unsigned, unsigned>>& cuts) {
    mend();
    for (const auto& [from, to] : cuts) cut(from, to);
  }

  void wait(Duration duration) { now_ += duration; }
  void tick(const NodeId& id) {
    AgreementEffects effects;
    Node& node = nodes_[id];
    node.agreement->tick(local(node), effects);
    apply_effects(id, effects);
    settle();
  }
  void tick(unsigned number) { tick(id(number)); }
  // All of them, each 50 ms; those of `but` are frozen.
  void run(Duration duration, const std::set<unsigned>& but = {}) {
    for (Duration passed{}; passed < duration; passed += 50ms) {
      wait(50ms);
      for (auto& [id, node] : nodes_)
        if (!but.contains(static_cast<unsigned>(id.high))) tick(id);
    }
  }

  void decide(unsigned number, const Change& change) {
    at(number).decide(epoch_at(number), change, now(number));
    tick(number);
  }
  // An operator goes on at `number` with these (J5).
  Result<Done> recover(unsigned number, const std::vector<unsigned>& survivors, const std::vector<unsigned>& voters,
                       std::uint64_t draw = 1) {
    Recovery recovery{.by = id(number), .survivors = {}, .voters = {}, .draw = draw};
    for (const unsigned survivor : survivors) recovery.survivors.push_back(id(survivor));
    for (const unsigned voter : voters) recovery.voters.push_back(id(voter));
    AgreementEffects effects;
    const Result<Done> begun = at(number).recover(recovery, effects);
    apply_effects(id(number), effects);
    settle();
    return begun;
  }
  // 2 and 3 have promised, and their accepts are not on disk yet.
  void half_decide(unsigned number, const Change& change) {
    for (const unsigned other : {2, 3}) node(other).syncs_left = other == number ? kAlways : 1;
    decide(number, change);
  }
  void sync(unsigned number) {
    Node& one = node(number);
    one.syncs_left = kAlways;
    while (!one.unsynced.empty()) complete_save(id(number));
    settle();
  }

 private:
  struct Message {
    NodeId from;
    NodeId to;
    std::function<void()> arrive;
  };

  TimePoint local(const Node& node) const {
    return TimePoint(
        kStart + Duration(static_cast<Duration::rep>(static_cast<double>((now_ - kStart).count()) * node.clock_rate)));
  }

  void begin(const NodeId& id) {
    Node& node = nodes_[id];
    node.agreement = std::make_unique<EmbeddedAgreement>(EmbeddedAgreement::Self{.id = id, .boot = node.boot},
                                                         LeaseRules{}, node.on_disk, local(node));
  }

  Sender sender(const NodeId& id) const {
    const Node& node = nodes_.at(id);
    return {.node = id, .boot = node.boot, .epoch = node.agreement->latest()->epoch};
  }

  void post(const NodeId& from, const NodeId& to, std::function<void()> arrive) {
    if (!cuts_.contains({from, to})) messages_.push_back({.from = from, .to = to, .arrive = std::move(arrive)});
  }

  void apply_effects(const NodeId& id, AgreementEffects& effects) {
    Node& node = nodes_[id];
    for (Decision& decision : effects.decisions) node.decisions.push_back(std::move(decision));
    for (AgreementEffects::Save& save : effects.saves) node.unsynced.push_back(std::move(save));
    for (AgreementEffects::Answer& answer : effects.answers) {
      const NodeId to = askers_[answer.to];
      post(id, to, [this, to, from = sender(id), reply = std::move(answer.reply)] {
        AgreementEffects made;
        nodes_[to].agreement->on_reply(from, reply, local(nodes_[to]), made);
        apply_effects(to, made);
      });
    }
    for (AgreementEffects::Call& call : effects.calls) {
      const RequestId request = ++requests_;
      askers_[request] = id;
      post(id, call.to, [this, to = call.to, request, from = sender(id), what = std::move(call.request)] {
        AgreementEffects made;
        nodes_[to].agreement->on_request(from, what, request, local(nodes_[to]), made);
        apply_effects(to, made);
      });
    }
    for (; node.syncs_left > 0 && !node.unsynced.empty(); --node.syncs_left) complete_save(id);
  }

  void complete_save(const NodeId& id) {
    Node& node = nodes_[id];
    const SaveId save = node.unsynced.front().id;
    node.on_disk = std::move(node.unsynced.front().what);
    node.unsynced.pop_front();
    AgreementEffects made;
    node.agreement->on_saved(save, local(node), made);
    apply_effects(id, made);
  }

  void settle() {
    while (!messages_.empty()) {
      const Message message = std::move(messages_.front());
      messages_.pop_front();
      message.arrive();
      for (auto& [id, node] : nodes_) node.agreement->check();
    }
  }

  static constexpr Duration kStart = std::chrono::seconds(1000);
  Duration now_ = kStart;
  std::map<NodeId, Node> nodes_;
  std::set<std::pair<NodeId, NodeId>> cuts_;
  std::deque<Message> messages_;
  std::map<RequestId, NodeId> askers_;
  RequestId requests_ = 0;
};

}  // namespace p2p::cluster
