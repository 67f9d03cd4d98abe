#include "driver/latencies.h"

#include <algorithm>

namespace p2p::history {

Latencies latencies_of(const std::vector<Call>& calls) {
  std::vector<Moment> took;
  for (const Call& call : calls) {
    if (call.outcome != Outcome::not_done) took.push_back(call.ended - call.started);
  }
  if (took.empty()) return {};
  const auto at_99 = took.begin() + static_cast<std::ptrdiff_t>((took.size() - 1) * 99 / 100);
  std::nth_element(took.begin(), at_99, took.end());
  const Moment p99 = *at_99;
  const Moment slowest = *std::max_element(at_99, took.end());
  return {static_cast<double>(slowest) / 1e6, static_cast<double>(p99) / 1e6};
}

}  // namespace p2p::history
