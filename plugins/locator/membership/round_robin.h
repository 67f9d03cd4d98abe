// Whose turn is it next? A walk around sorted names that starts behind one's own: every node gets its turn, and nodes
// that began at the same moment turn to different ones. The same calls give the same answers on every run.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace p2p::membership {

class RoundRobin {
 public:
  explicit RoundRobin(std::string own_name) : last_(own_name), own_name_(std::move(own_name)) {}

  // The first of `sorted_names` behind the former answer that is not one's own; "" when there is none.
  std::string next(const std::vector<std::string>& sorted_names) {
    auto at = std::upper_bound(sorted_names.begin(), sorted_names.end(), last_);
    for (std::size_t steps = 0; steps < sorted_names.size(); ++steps, ++at) {
      if (at == sorted_names.end()) at = sorted_names.begin();
      if (*at != own_name_) return last_ = *at;
    }
    return {};
  }

 private:
  std::string last_;
  std::string own_name_;
};

}  // namespace p2p::membership
