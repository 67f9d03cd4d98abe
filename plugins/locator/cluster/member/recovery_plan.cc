#include "cluster/member/recovery_plan.h"

#include "cluster/planner/voters.h"

#include <algorithm>

namespace p2p::cluster {

namespace {

Error refusal(std::string why) { return Error{ErrorKind::invalid, std::move(why)}; }

std::string name_of(const ClusterMap& map, const NodeId& node) {
  const Slot slot = map.slot_of(node);
  return slot == kNoSlot ? node.text() : map.at(slot).address.name();
}

class Planning final {
 public:
  Planning(const ClusterMap& map, const NodeId& self, const Answers& answers)
      : map_(map), self_(self), answers_(answers) {}

  Result<Done> check_need() const {
    // A recovery that waits for somebody who does not come back may be begun again.
    if (map_.is_recovering() && are_all_there())
      return refusal("a recovery is under way at " + name_of(map_, map_.recovered_by) + ", and will end by itself");
    if (map_.is_recovering()) return Done{};
    const auto there = static_cast<std::size_t>(
        std::ranges::count_if(map_.voters, [&](Slot voter) { return is_there(map_.at(voter).id); }));
    if (there < map_.majority()) return Done{};
    return refusal("there is nothing to recover: " + std::to_string(there) + " of " +
                   std::to_string(map_.voters.size()) + " voters answer, and these are a majority");
  }

  Result<Done> check_newest() const {
    for (const auto& [node, epoch] : answers_)
      if (epoch > map_.epoch && map_.slot_of(node) != kNoSlot)
        return refusal(name_of(map_, node) + " knows epoch " + std::to_string(epoch) + ", and this node only " +
                       std::to_string(map_.epoch) + ": use it there, as `p2pctl --node " + name_of(map_, node) +
                       " recover`");
    return Done{};
  }

  Result<Done> check(const std::vector<NodeId>& survivors) const {
    const auto is_named = [&](const NodeId& node) { return std::ranges::binary_search(survivors, node); };
    if (!is_named(self_))
      return refusal("this node is none of the survivors that you name: use it at one of them, or name " +
                     name_of(map_, self_) + " too");
    for (const NodeId& node : survivors) {
      if (map_.slot_of(node) == kNoSlot) return refusal(node.text() + " is no member");
      if (!is_there(node))
        return refusal(name_of(map_, node) + " does not answer this node: start it, or name it no survivor");
    }
    for (const Slot voter : map_.voters)
      if (const NodeId& id = map_.at(voter).id; is_there(id) && !is_named(id))
        return refusal(name_of(map_, id) + " answers, and would be given up: name it too, or stop it first");
    return Done{};
  }

  // All that answer, and are members.
  std::vector<NodeId> those_there() const {
    std::vector<NodeId> nodes{self_};
    for (const auto& [node, epoch] : answers_)
      if (node != self_ && map_.slot_of(node) != kNoSlot) nodes.push_back(node);
    return nodes;
  }

  // This node first, as it knows the newest map; then those that vote already (A6).
  std::vector<NodeId> voters_of(const std::vector<NodeId>& survivors) const {
    std::vector<NodeId> voters = survivors;
    std::ranges::stable_sort(voters, {}, [&](const NodeId& node) {
      return node == self_ ? 0 : map_.is_voter(map_.slot_of(node)) ? 1 : 2;
    });
    voters.resize(voters_wanted(voters.size()));
    return voters;
  }

 private:
  bool is_there(const NodeId& node) const { return node == self_ || answers_.contains(node); }
  bool are_all_there() const {
    return is_there(map_.recovered_by) &&
           std::ranges::all_of(map_.confirmers, [&](Slot slot) { return is_there(map_.at(slot).id); });
  }

  const ClusterMap& map_;
  const NodeId& self_;
  const Answers& answers_;
};

}  // namespace

Result<RecoveryPlan> plan_recovery(const ClusterMap& map, const NodeId& self, std::vector<NodeId> named,
                                   const Answers& answers) {
  const Planning planning(map, self, answers);
  if (map.slot_of(self) == kNoSlot) return refusal("this node is no member");
  if (const auto needed = planning.check_need(); !needed.ok()) return needed.error();
  if (const auto newest = planning.check_newest(); !newest.ok()) return newest.error();
  if (named.empty()) named = planning.those_there();
  std::ranges::sort(named);
  named.erase(std::unique(named.begin(), named.end()), named.end());
  if (const auto checked = planning.check(named); !checked.ok()) return checked.error();
  const std::vector<Slot> gone = given_up(map, named);
  return RecoveryPlan{.epoch = map.epoch,
                      .recovery = {.by = self, .survivors = named, .voters = planning.voters_of(named)},
                      .given_up = gone,
                      .lost = lost_with(map, gone)};
}

}  // namespace p2p::cluster
