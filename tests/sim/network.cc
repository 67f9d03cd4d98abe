#include "network.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {

using classic::CallOutcome;
using classic::CallResult;

namespace {

constexpr Duration kConnectTimeout = std::chrono::milliseconds(900);  // a little less than a call may take

std::pair<int, int> pair_of(int one, int other) { return {std::min(one, other), std::max(one, other)}; }

}  // namespace

void Process::let_in() {
  if (is_frozen || parks_calls) return;
  for (auto& work : std::exchange(waiting, {})) work();
}

// Whoever waits for its answers sees the connection break.
void Process::end() {
  is_running = false;
  for (auto& work : std::exchange(waiting, {})) work();
}

Network::~Network() {
  for (auto& [port, at] : processes_) at->waiting.clear();
}

std::shared_ptr<Process> Network::process(int port) const {
  const auto found = processes_.find(port);
  return found == processes_.end() || !found->second->is_running ? nullptr : found->second;
}

Duration Network::travel(Duration deadline) {
  return time_.happens(faults.delay) ? time_.between(Duration::zero(), 2 * deadline)
                                     : time_.between(faults.latency_least, faults.latency_most);
}

void Network::call(int from, int to, Duration deadline, Arrival arrive, Answer answer) {
  ++calls;
  // Whatever comes first ends the call: an answer, a failure or the deadline.
  auto ended = std::make_shared<bool>(false);
  const Answer once = [ended, answer = std::move(answer)](CallResult result) {
    if (!std::exchange(*ended, true)) answer(std::move(result));
  };
  if (exhausted_.contains(from)) return time_.after(Duration::zero(), [once] { once({CallOutcome::unable, {}}); });
  if (unplugged_.contains(from) || unplugged_.contains(to)) {
    return time_.after(kConnectTimeout, [once] { once({CallOutcome::unheard, {}}); });
  }
  time_.after(deadline, [once] { once({CallOutcome::silent, {}}); });
  if (time_.happens(faults.loss)) return;
  time_.after(travel(deadline), [this, from, to, deadline, arrive = std::move(arrive), once] {
    const auto target = process(to);
    if (!target && occupied_.contains(to)) return once({CallOutcome::stranger, {}});
    if (!target || cuts_.contains(pair_of(from, to))) return once({CallOutcome::refused, {}});
    const Answer reply = [this, from, to, once, deadline](CallResult result) {
      if (time_.happens(faults.loss) || unplugged_.contains(from) || unplugged_.contains(to)) return;
      time_.after(travel(deadline), [once, result = std::move(result)] { once(result); });
    };
    const auto work = [target, arrive, reply] {
      if (!target->is_running) return reply({CallOutcome::broken, {}});
      arrive(target, reply);
    };
    if (target->is_frozen || target->parks_calls) {
      target->waiting.push_back(work);
    } else {
      work();
    }
  });
}

void Network::cut(int one, int other) { cuts_.insert(pair_of(one, other)); }

void Network::mend() {
  cuts_.clear();
  unplugged_.clear();
  exhausted_.clear();
  occupied_.clear();
  faults = Faults{};
}

}  // namespace p2p::sim
