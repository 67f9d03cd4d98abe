// What has one client done so far? Its calls, for the check, and how many there are of each kind, for reports.
#pragma once

#include "driver/request.h"

#include <array>
#include <atomic>
#include <deque>

namespace p2p::history {

using Counts = std::array<std::array<std::uint64_t, kOutcomes>, kKinds>;  // by kind and outcome

class CallLog final {
 public:
  // One call for each key of the request. [the client's thread]
  void record(const Request& request, const Answer& answer, Call common);

  // Adds to `sum`. [any thread]
  void count_into(Counts& sum) const;

  // The calls, in the order in which they began. [once the client has ended]
  std::deque<Call>& calls() noexcept { return calls_; }

 private:
  std::deque<Call> calls_;
  std::array<std::array<std::atomic<std::uint64_t>, kOutcomes>, kKinds> counts_{};
};

}  // namespace p2p::history
