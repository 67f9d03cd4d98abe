#include "core/claims.h"

#include <algorithm>

namespace work {

std::int64_t view_id(const p2p::RingView& view, const p2p::Location& self) {
  const auto& members = view.members();
  std::set<std::string> leaving;
  for (const p2p::Location& node : view.leaving()) leaving.insert(node.name());
  if (std::find(members.begin(), members.end(), self) == members.end()) leaving.insert(self.name());
  std::uint64_t id = view.fingerprint();
  const auto mix = [&id](char byte) { id = (id ^ static_cast<unsigned char>(byte)) * 0x100000001b3; };  // FNV-1a
  for (const std::string& name : leaving) {
    for (const char byte : name) mix(byte);
    mix('\n');
  }
  return id == 0 ? 1 : static_cast<std::int64_t>(id);
}

void Claims::ring_changed(std::shared_ptr<const p2p::RingView> view) {
  is_done_ = false;
  round_.clear();
  last_eras_.clear();
  if (rings_.size() > kRingsMax) rings_ = {nullptr};
  rings_.push_back(std::move(view));
}

bool Claims::wants_round() const {
  if (!has_joined_ || is_done_ || rings_.back() == nullptr) return false;
  const auto& members = rings_.back()->members();
  return std::find(members.begin(), members.end(), self_) != members.end();
}

std::vector<p2p::Location> Claims::begin_round() {
  round_.clear();
  std::vector<p2p::Location> asked;
  for (const auto* group : {&rings_.back()->members(), &rings_.back()->leaving()}) {
    for (const p2p::Location& node : *group) {
      if (node != self_ && round_.try_emplace(node).second) asked.push_back(node);
    }
  }
  if (asked.empty()) end_round();
  return asked;
}

bool Claims::answered(const p2p::Location& from, Answer answer) {
  const auto asked = round_.find(from);
  if (asked == round_.end() || asked->second) return false;
  asked->second = std::move(answer);
  if (!std::all_of(round_.begin(), round_.end(), [](const auto& one) { return one.second.has_value(); })) return false;
  end_round();
  return true;
}

// Between two answers in the same era a node has worked by this ring all the time, and so has taken nothing of ours.
// When that holds for every node over one same stretch of time, and each of them held nothing of ours afterwards, then
// nobody does, and nobody can get any of it: it could only come from one that has it.
void Claims::end_round() {
  std::map<p2p::Location, std::int64_t> eras;
  std::set<std::string> busy;
  bool is_all = true;
  for (const auto& [node, answer] : round_) {
    eras[node] = answer->era;
    is_all = is_all && answer->era != 0 && answer->is_all;
    busy.insert(answer->busy.begin(), answer->busy.end());
  }
  round_.clear();
  const bool is_same = eras == std::exchange(last_eras_, eras);
  if (!is_same || !is_all) return;
  rings_ = {rings_.back()};
  busy_ = std::move(busy);
  is_done_ = busy_.empty();
}

bool Claims::is_settled(const std::string& key) const {
  if (busy_.contains(key)) return false;
  return std::all_of(rings_.begin(), rings_.end(),
                     [&](const auto& ring) { return ring != nullptr && ring->owner_of(key).is_self; });
}

}  // namespace work
