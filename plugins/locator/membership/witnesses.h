// Is a member silent, or is it this node that hears nothing? A silence counts only when, while it lasted, somebody on
// another machine has been heard: if all are silent, this node's own link is down. And it does not count when somebody
// on the silent member's own machine has been heard: that one is not switched off.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace p2p::membership {

// Machines of which is remembered when they were last heard; enough, where two are asked at a time.
inline constexpr std::size_t kMachinesHeardMax = 64;

// Time is told in calls: they are numbered in the order in which they begin. Machines are told apart by the address of
// their members.
class Witnesses {
 public:
  explicit Witnesses(std::string own_address) : own_address_(std::move(own_address)) {}

  // Something came back from a member at `address` while `latest` was the last call that had begun.
  void heard(const std::string& address, std::uint64_t latest) {
    if (!can_witness(address)) return;
    if (heard_.size() >= kMachinesHeardMax && !heard_.contains(address)) {
      heard_.erase(std::min_element(heard_.begin(), heard_.end(),
                                    [](const auto& one, const auto& other) { return one.second < other.second; }));
    }
    heard_[address] = latest;
  }

  // Whether somebody at `address` was heard since the `call`th call began.
  bool have_heard(const std::string& address, std::uint64_t call) const {
    const auto found = heard_.find(address);
    return found != heard_.end() && found->second >= call;
  }

  // Nothing came back from `silent` of a call that was the `call`th to begin.
  bool speak_against(const std::string& silent, std::uint64_t call) const {
    if (!can_witness(silent) || have_heard(silent, call)) return false;
    return std::any_of(heard_.begin(), heard_.end(), [call](const auto& entry) { return entry.second >= call; });
  }

  // That something comes from this machine says nothing about its link.
  bool can_witness(const std::string& address) const { return address != own_address_; }

 private:
  const std::string own_address_;
  std::map<std::string, std::uint64_t> heard_;
};

}  // namespace p2p::membership
