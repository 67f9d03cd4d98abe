#include "core/transfer_requests.h"

#include <algorithm>

namespace work {

std::int64_t view_id(const p2p::RingView& view, const p2p::NodeAddress& self) {
  const auto& members = view.members();
  std::set<std::string> leaving;
  for (const p2p::NodeAddress& node : view.leaving()) leaving.insert(node.name());
  if (std::find(members.begin(), members.end(), self) == members.end()) leaving.insert(self.name());
  std::uint64_t id = view.fingerprint();
  const auto mix = [&id](char byte) { id = (id ^ static_cast<unsigned char>(byte)) * 0x100000001b3; };  // FNV-1a
  for (const std::string& name : leaving) {
    for (const char byte : name) mix(byte);
    mix('\n');
  }
  return id == 0 ? 1 : static_cast<std::int64_t>(id);
}

void TransferRequests::ring_changed(std::shared_ptr<const p2p::RingView> view) {
  is_done_ = false;
  round_.clear();
  last_view_versions_.clear();
  if (rings_.size() > kRingsMax) rings_ = {nullptr};
  rings_.push_back(std::move(view));
}

bool TransferRequests::wants_round() const {
  if (!has_joined_ || is_done_ || rings_.back() == nullptr) return false;
  const auto& members = rings_.back()->members();
  return std::find(members.begin(), members.end(), self_) != members.end();
}

std::vector<p2p::NodeAddress> TransferRequests::begin_round() {
  round_.clear();
  std::vector<p2p::NodeAddress> asked;
  for (const auto* group : {&rings_.back()->members(), &rings_.back()->leaving()}) {
    for (const p2p::NodeAddress& node : *group) {
      if (node != self_ && round_.try_emplace(node).second) asked.push_back(node);
    }
  }
  if (asked.empty()) end_round();
  return asked;
}

bool TransferRequests::answered(const p2p::NodeAddress& from, Answer answer) {
  const auto asked = round_.find(from);
  if (asked == round_.end() || asked->second) return false;
  asked->second = std::move(answer);
  if (!std::all_of(round_.begin(), round_.end(), [](const auto& one) { return one.second.has_value(); })) return false;
  end_round();
  return true;
}

// Between two answers in the same view version a node has worked by this ring all the time, and so has taken nothing of
// ours. When that holds for every node over one same stretch of time, and each of them held nothing of ours afterwards,
// then nobody does, and nobody can get any of it: it could only come from one that has it.
void TransferRequests::end_round() {
  std::map<p2p::NodeAddress, std::int64_t> view_versions;
  std::set<std::string> busy;
  bool is_all = true;
  for (const auto& [node, answer] : round_) {
    view_versions[node] = answer->view_version;
    is_all = is_all && answer->view_version != 0 && answer->is_all;
    busy.insert(answer->busy.begin(), answer->busy.end());
  }
  round_.clear();
  const bool is_same = view_versions == std::exchange(last_view_versions_, view_versions);
  if (!is_same || !is_all) return;
  rings_ = {rings_.back()};
  busy_ = std::move(busy);
  is_done_ = busy_.empty();
}

bool TransferRequests::is_confirmed(const std::string& key) const {
  if (busy_.contains(key)) return false;
  return std::all_of(rings_.begin(), rings_.end(),
                     [&](const auto& ring) { return ring != nullptr && ring->owner_of(key, service_).is_self; });
}

}  // namespace work
