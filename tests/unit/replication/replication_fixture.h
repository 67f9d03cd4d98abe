// A few nodes with the product's engine, and one partition. A test says what the map is and who hears of it, and which
// messages are held back or lost.
#pragma once

#include "engine/memory/memory_engine.h"
#include "engine/partition_of.h"
#include "replication/fill_scan.h"
#include "replication/replicas.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore::replication {

using namespace std::chrono_literals;

class ReplicationTest : public ::testing::Test {
 protected:
  static constexpr Partition kPartition = 7;
  using Link = std::pair<Node, Node>;  // from, to

  struct Process {
    explicit Process(const ReplicationOptions& options) : engine(42), replicas(engine, options) {}
    MemoryEngine engine;
    Replicas replicas;
    std::deque<SyncId> syncs;  // that are not done yet
    CopyState on_disk;         // after the last sync
  };

  void start(Node count, ReplicationOptions options = {}) {
    options_ = options;
    for (Node node = 1; node <= count; ++node) nodes_[node] = std::make_unique<Process>(options_);
    for (Node from = 1; from <= count; ++from)
      for (Node to = 1; to <= count; ++to)
        if (from != to) connect(from, to);
  }

  // --- the map ---
  struct Layout {
    Node primary = 1;
    std::vector<Node> in_sync = {};                     // others
    std::vector<std::pair<Node, Epoch>> learners = {};  // and since when
    bool is_new_term = true;
    Epoch born = 1;
    std::size_t copies_required = 1;
  };
  // The next map. Everybody learns of it, or only `told`.
  void map(const Layout& layout, std::optional<std::set<Node>> told = {}) {
    ++epoch_;
    if (layout.is_new_term) term_ = epoch_;
    layout_ = layout;
    for (const auto& [node, process] : nodes_)
      if (!told || told->contains(node)) tell(node);
  }
  // A new partition at 1, and copies of it: learners first, as every copy.
  void form(const std::vector<Node>& copies) {
    map({.primary = 1});
    Layout layout{.primary = 1, .is_new_term = false};
    for (const Node copy : copies) layout.learners.emplace_back(copy, epoch_ + 1);
    map(layout);
    run();
    map({.primary = 1, .in_sync = copies});
    run();
    for (const Node copy : copies) ASSERT_TRUE(state(copy).is_complete);
  }
  void tell(Node node) {
    Assignment is{.partition = kPartition, .term = term_, .born = layout_.born, .primary = layout_.primary};
    if (node == layout_.primary) {
      is.role = Role::primary;
      is.primary = kNoNode;
      is.copies_required = layout_.copies_required;
      for (const Node other : layout_.in_sync) is.others.push_back({.node = other});
      for (const auto& [other, since] : layout_.learners) is.others.push_back({.node = other, .since = since});
    } else if (std::ranges::count(layout_.in_sync, node) > 0) {
      is.role = Role::in_sync;
    }
    for (const auto& [other, since] : layout_.learners)
      if (other == node) is.role = Role::learner, is.since = since;
    Effects effects;
    at(node).replicas.on_map({.epoch = epoch_}, {&is, 1}, moment(node), effects);
    obey(node, effects);
  }

  // --- clients ---
  RequestId write(Node node, std::vector<KeyWrite> writes) {
    auto batch = std::make_shared<Batch>();
    for (KeyWrite& one : writes) batch->writes.push_back(std::move(one));
    Effects effects;
    at(node).replicas.write(kPartition, std::move(batch), ++requests_, moment(node), effects);
    obey(node, effects);
    return requests_;
  }
  RequestId put(Node node, std::string_view name, std::string value, Condition condition = {}) {
    return write(node, {KeyWrite::put(key(name), std::move(value), condition)});
  }
  RequestId erase(Node node, std::string_view name) { return write(node, {KeyWrite::erase(key(name))}); }
  RequestId get(Node node, std::string_view name) {
    Effects effects;
    at(node).replicas.read(kPartition, key(name), hash_of(key(name)), ++requests_, moment(node), effects);
    obey(node, effects);
    return requests_;
  }
  RequestId settle(Node node) {
    Effects effects;
    at(node).replicas.settle(kPartition, ++requests_, moment(node), effects);
    obey(node, effects);
    return requests_;
  }
  bool is_answered(RequestId request) const { return answers_.contains(request); }
  const Answer& answer(RequestId request) const {
    static const Answer kNone{.verdict = Verdict::overloaded};
    return is_answered(request) ? answers_.at(request) : kNone;
  }
  std::string value_of(RequestId request) const {
    const Answer& found = answer(request);
    return found.write == nullptr ? "(none)" : found.write->value;
  }

  // --- messages ---
  void connect(Node from, Node to) {
    Effects effects;
    at(from).replicas.on_connected(to, moment(from), effects);
    obey(from, effects);
  }
  // What is under way is lost.
  void disconnect(Node from, Node to) {
    queues_[{from, to}].clear();
    queues_[{to, from}].clear();
    at(from).replicas.on_disconnected(to, moment());
    if (nodes_.contains(to)) at(to).replicas.on_peer_gone(from);
  }
  void hold(Node from, Node to) { held_.insert({from, to}); }
  void release(Node from, Node to) { held_.erase({from, to}); }
  // Until nothing moves any more.
  void run() {
    for (bool moves = true; moves;) {
      moves = false;
      for (auto& [link, queue] : queues_)
        while (!held_.contains(link) && !queue.empty() && nodes_.contains(link.second)) {
          deliver_one(link.first, link.second);
          moves = true;
        }
      for (auto& [node, process] : nodes_) moves = flush(node) || moves;
    }
  }
  void deliver_one(Node from, Node to) {
    Message message = std::move(queues_[{from, to}].front());
    queues_[{from, to}].pop_front();
    Effects effects;
    at(to).replicas.on_message(from, std::move(message), moment(to), effects);
    obey(to, effects);
  }
  template <class BodyType>
  std::size_t count_waiting(Node from, Node to) const {
    const auto found = queues_.find({from, to});
    if (found == queues_.end()) return 0;
    return static_cast<std::size_t>(std::ranges::count_if(
        found->second, [](const Message& one) { return std::holds_alternative<BodyType>(one.body); }));
  }
  bool flush(Node node) {
    Effects effects;
    at(node).replicas.flush(moment(node), effects);
    const bool moved = !effects.sends.empty() || effects.sync != 0;
    obey(node, effects);
    return moved;
  }
  void sync(Node node) {
    at(node).on_disk = *at(node).replicas.state(kPartition);
    Effects effects;
    for (const SyncId id : std::exchange(at(node).syncs, {})) at(node).replicas.on_synced(id, moment(node), effects);
    obey(node, effects);
  }
  void pass(Duration time) {
    now_ += time;
    lease_ = std::max(lease_, now_ + 1s);
    for (auto& [node, process] : nodes_) tick(node);
  }
  void tick(Node node) {
    Effects effects;
    at(node).replicas.tick(moment(node), effects);
    obey(node, effects);
  }

  // --- what there is ---
  Process& at(Node node) { return *nodes_.at(node); }
  const CopyState& state(Node node) { return *at(node).replicas.state(kPartition); }
  std::string stored_at(Node node, std::string_view name) {
    const auto entry = at(node).engine.copy(key(name)).value();
    return !entry ? "(none)" : entry->is_erased ? "(tombstone)" : entry->value;
  }
  // A name's key, in the partition.
  const std::string& key(std::string_view name) {
    std::string& found = keys_[std::string(name)];
    for (int tried = 0; found.empty(); ++tried) {
      std::string candidate = std::string(name) + std::to_string(tried);
      if (partition_of(candidate) == kPartition) found = std::move(candidate);
    }
    return found;
  }
  Moment moment(Node node = kNoNode) const {
    const auto clock = clocks_.find(node);
    return {now_, lease_, clock == clocks_.end() ? WallMs{0} : clock->second};
  }

  void obey(Node node, Effects& effects) {
    for (auto& send : effects.sends) queues_[{node, send.to}].push_back(std::move(send.message));
    for (Answer& one : effects.answers) answers_[one.request] = std::move(one);
    for (const Node from : effects.maps_wanted) maps_wanted_.insert({node, from});
    for (const Node from : effects.maps_told) maps_told_.insert({node, from});
    if (effects.sync != 0) at(node).syncs.push_back(effects.sync);
    if (effects.sync != 0 && !holds_syncs_.contains(node)) sync(node);
    for (const Scan& scan : std::exchange(effects.scans, {})) {
      scans_.emplace_back(node, scan_for_fill(at(node).engine, scan).value());
      if (!holds_scans_) finish_scans();
    }
  }
  void finish_scans() {
    for (auto& [node, found] : std::exchange(scans_, {})) {
      Effects more;
      at(node).replicas.on_scanned(std::move(found), more);
      obey(node, more);
    }
  }

  TimePoint now_{1000s};
  TimePoint lease_ = now_ + 1h;
  std::map<Node, WallMs> clocks_;  // the time of day at each node that knows it; it stands still
  Epoch epoch_ = 0;
  Epoch term_ = 0;
  Layout layout_;
  ReplicationOptions options_;
  std::map<Node, std::unique_ptr<Process>> nodes_;
  std::map<Link, std::deque<Message>> queues_;
  std::set<Link> held_;
  std::set<Link> maps_wanted_;
  std::set<Link> maps_told_;
  std::set<Node> holds_syncs_;
  bool holds_scans_ = false;
  std::vector<std::pair<Node, Scanned>> scans_;
  std::map<RequestId, Answer> answers_;
  RequestId requests_ = 0;
  std::map<std::string, std::string> keys_;
};

}  // namespace p2p::diststore::replication
