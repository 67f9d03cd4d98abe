// Whose turn is it next? A walk around the sorted names, starting after one's own: every node gets its turn, and nodes
// that started at the same moment pick different ones. Deterministic: the same calls give the same answers.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace p2p::classic {

class RoundRobin {
 public:
  explicit RoundRobin(std::string own_name) : last_(own_name), own_name_(std::move(own_name)) {}

  // The first of `sorted_names` after the previous answer that is not one's own; "" when there is none.
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

}  // namespace p2p::classic
