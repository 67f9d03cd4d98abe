#include "ring/owner_history.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace p2p::ring {

using placement::kNobody;
using placement::MemberIndex;
using placement::Owners;

namespace {

std::vector<NodeAddress> nodes_of(const OwnerHistory::State& state) {
  std::vector<NodeAddress> nodes = state.members;
  nodes.insert(nodes.end(), state.leaving.begin(), state.leaving.end());
  return nodes;
}

Owners owners_of(const RingView& view, const std::vector<NodeAddress>& nodes) {
  std::unordered_map<NodeAddress, MemberIndex> indexes;
  for (std::size_t at = 0; at < nodes.size(); ++at) indexes.emplace(nodes[at], static_cast<MemberIndex>(at));
  // A view gives the same pointer for the same owner: most addresses need not be hashed.
  std::unordered_map<const NodeAddress*, MemberIndex> known{{nullptr, kNobody}};
  Owners owners;
  owners.reserve(view.partition_count());
  for (std::uint32_t partition = 0; partition < view.partition_count(); ++partition) {
    const NodeAddress* owner = view.owner_of_partition(partition).address;
    const auto [entry, is_new] = known.emplace(owner, kNobody);
    if (is_new) {
      const auto found = indexes.find(*owner);
      if (found != indexes.end()) entry->second = found->second;
    }
    owners.push_back(entry->second);
  }
  return owners;
}

OwnerHistory::State state_of(const RingView& view) {
  OwnerHistory::State state{.epoch = view.epoch(),
                            .fingerprint = view.fingerprint(),
                            .members = view.members(),
                            .leaving = view.leaving(),
                            .owners = {}};
  state.owners = owners_of(view, nodes_of(state));
  return state;
}

}  // namespace

OwnerHistory::Step OwnerHistory::step_between(const State& before, const State& after) {
  Step step{.epoch = after.epoch,
            .fingerprint = after.fingerprint,
            .has_new_members = before.members != after.members || before.leaving != after.leaving,
            .moved = {}};
  const auto indexes = placement::indexes_after(nodes_of(before), nodes_of(after));
  for (std::uint32_t partition = 0; partition < after.partitions(); ++partition) {
    const MemberIndex owner = before.owners[partition];
    // An owner that is gone may be back by the state to which a client goes from here: its partitions count as moved.
    const bool is_gone = owner != kNobody && indexes[owner] == kNobody;
    if (is_gone || (owner == kNobody ? kNobody : indexes[owner]) != after.owners[partition])
      step.moved.push_back(static_cast<std::uint16_t>(partition));
  }
  return step;
}

void OwnerHistory::add(const RingView& view) {
  if (view.fingerprint() == newest_.fingerprint && view.epoch() == newest_.epoch) return;
  State state = state_of(view);
  const bool follows = !steps_.empty() && state.epoch > newest_.epoch && state.partitions() == newest_.partitions();
  if (follows) {
    steps_.push_back(step_between(newest_, state));
    if (steps_.size() > kStepsKept) steps_.pop_front();
  } else {
    steps_.assign(1,
                  Step{.epoch = state.epoch, .fingerprint = state.fingerprint, .has_new_members = false, .moved = {}});
  }
  newest_ = std::move(state);
}

std::optional<OwnerHistory::Delta> OwnerHistory::since(std::uint64_t epoch, std::uint64_t fingerprint) const {
  const auto known = std::ranges::find_if(
      steps_, [&](const Step& step) { return step.epoch == epoch && step.fingerprint == fingerprint; });
  if (known == steps_.end()) return std::nullopt;
  Delta delta;
  std::vector<bool> has_moved(newest_.partitions());
  for (auto step = std::next(known); step != steps_.end(); ++step) {
    delta.has_new_members = delta.has_new_members || step->has_new_members;
    for (const std::uint16_t partition : step->moved) has_moved[partition] = true;
  }
  for (std::uint32_t partition = 0; partition < newest_.partitions(); ++partition)
    if (has_moved[partition]) placement::append_move(delta.moved, partition, newest_.owners[partition]);
  if (delta.moved.size() >= 2 * newest_.owners.size()) return std::nullopt;
  return delta;
}

}  // namespace p2p::ring
