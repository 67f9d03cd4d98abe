#include "driver/call_log.h"

namespace p2p::history {

void CallLog::record(const Request& request, const Answer& answer, Call common) {
  common.kind = request.kind;
  common.outcome = answer.outcome;
  const bool is_done = answer.outcome == Outcome::done;
  for (std::size_t at = 0; at < request.keys.size(); ++at) {
    Call call = common;
    call.key = request.keys[at];
    if (is_done) {
      call.found = answer.told[at].found;
      call.value = answer.told[at].value;
      call.version = answer.told[at].version;
    }
    if (request.kind == Kind::write) call.value = request.values[at];
    calls_.push_back(call);
  }
  counts_[static_cast<std::size_t>(request.kind)][static_cast<std::size_t>(answer.outcome)] += request.keys.size();
}

void CallLog::count_into(Counts& sum) const {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) sum[kind][outcome] += counts_[kind][outcome];
  }
}

}  // namespace p2p::history
