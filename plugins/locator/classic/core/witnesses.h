// Is a member silent, or is this node cut off? Silence counts only if meanwhile a member on a third machine answered:
// if all are silent, this node's own link is down. Nor does it count if another member on the silent member's machine
// answered: then that machine is still running.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace p2p::classic {

// Machines whose last sign of life is remembered; enough, since two are asked at a time.
inline constexpr std::size_t kMachinesHeardMax = 64;

// Time is measured in calls, numbered in the order in which they begin. A machine is identified by its members'
// address.
class Witnesses {
 public:
  explicit Witnesses(std::string own_address) : own_address_(std::move(own_address)) {}

  // Something came back from a member at `address` while `latest` was the newest call.
  void heard(const std::string& address, std::uint64_t latest) {
    if (!can_witness(address)) return;
    if (heard_.size() >= kMachinesHeardMax && !heard_.contains(address)) {
      heard_.erase(std::min_element(heard_.begin(), heard_.end(),
                                    [](const auto& one, const auto& other) { return one.second < other.second; }));
    }
    heard_[address] = latest;
  }

  // Whether a member at `address` has answered since the `call`th call began.
  bool have_heard(const std::string& address, std::uint64_t call) const {
    const auto found = heard_.find(address);
    return found != heard_.end() && found->second >= call;
  }

  // Whether the others show that `silent`, which did not answer the `call`th call, is down.
  bool speak_against(const std::string& silent, std::uint64_t call) const {
    if (!can_witness(silent) || have_heard(silent, call)) return false;
    return std::any_of(heard_.begin(), heard_.end(), [call](const auto& entry) { return entry.second >= call; });
  }

  // Hearing from this node's own machine says nothing about its link.
  bool can_witness(const std::string& address) const { return address != own_address_; }

 private:
  const std::string own_address_;
  std::map<std::string, std::uint64_t> heard_;
};

}  // namespace p2p::classic
