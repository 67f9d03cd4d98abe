#include "driver/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace p2p::history {
namespace {

// A foreign value keeps no bytes in the log; this line is all there is of it.
bool has_foreign_value(const Answer& answer) {
  return std::any_of(answer.told.begin(), answer.told.end(),
                     [](const Told& told) { return told.value == kForeignValue; });
}

Moment moment_of(std::chrono::steady_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

}  // namespace

Client::Client(const Environment& around, std::uint16_t number)
    : around_(around), number_(number), workload_(around.settings.seed, number, around.settings.keys) {}

void Client::run(const std::stop_token& stop) {
  if (around_.ring != nullptr) return run_through_ring(stop);
  while (!stop.stop_requested()) {
    const ListedNode* node = choose_node();
    if (node == nullptr) {
      std::this_thread::sleep_for(kNoNodePause);
      continue;
    }
    const Request request = workload_.next();
    if (!around_.budget.take(request.keys.size())) {
      return around_.notes.say(fmt::format("client {} stops: --calls-max is reached", number_));
    }
    ask(*node, request);
    if (around_.settings.pause.count() > 0) std::this_thread::sleep_for(around_.settings.pause);
  }
}

void Client::run_through_ring(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Request request = workload_.next();
    if (!around_.budget.take(request.keys.size())) {
      return around_.notes.say(fmt::format("client {} stops: --calls-max is reached", number_));
    }
    ask_ring(request);
    if (around_.settings.pause.count() > 0) std::this_thread::sleep_for(around_.settings.pause);
  }
}

Outcome Client::ask(const ListedNode& node, const Request& request) {
  KnownNode& asked = known(node);
  const auto started = Clock::now();
  const Answer answer = asked.connection.ask(request);
  if (answer.is_refused) asked.refused_until = Clock::now() + kRefusedPause;
  return record(node, request, started, answer);
}

Outcome Client::ask_ring(const Request& request) {
  const auto started = Clock::now();
  const Answer answer = around_.ring->ask(request);
  return record(around_.ring->as_node(), request, started, answer);
}

Outcome Client::record(const ListedNode& node, const Request& request, Clock::time_point started,
                       const Answer& answer) {
  const auto ended = Clock::now();
  Call call;
  call.started = moment_of(started);
  call.ended = moment_of(ended);
  call.client = number_;
  call.node = node.index;
  log_.record(request, answer, call);

  if (answer.outcome != Outcome::done) {
    around_.notes.say(fmt::format("client {}: {} of {} key(s) through {} is {}: {}", number_, to_text(request.kind),
                                  request.keys.size(), node.address.name(), to_text(answer.outcome), answer.reason));
  } else if (has_foreign_value(answer)) {
    around_.notes.say(fmt::format("client {}: {} answered a read of {}... with bytes that nobody wrote", number_,
                                  node.address.name(), key_name(request.keys.front())));
  }
  return answer.outcome;
}

bool Client::write_batch(const std::vector<KeyNumber>& keys) {
  for (int attempt = 0; attempt < kBatchAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kRefusedPause);
    const ListedNode* node = choose_node();
    if (node != nullptr && ask(*node, workload_.write_of(keys, Form::batch)) == Outcome::done) return true;
  }
  return false;
}

// A node that is off the list loses its connection: if it is listed again, another process may serve its port.
void Client::refresh_nodes() {
  auto nodes = around_.nodes.current();
  if (nodes == nodes_) return;
  nodes_ = std::move(nodes);
  std::erase_if(known_, [&](const auto& known) {
    return std::none_of(nodes_->begin(), nodes_->end(), [&](auto& node) { return node.index == known.first; });
  });
}

Client::KnownNode& Client::known(const ListedNode& node) {
  const auto found = known_.find(node.index);
  if (found != known_.end()) return found->second;
  return known_.emplace(node.index, KnownNode{NodeConnection(node.address, around_.settings.value_bytes)})
      .first->second;
}

const ListedNode* Client::choose_node() {
  refresh_nodes();
  const auto now = Clock::now();
  std::vector<const ListedNode*> willing;
  for (const ListedNode& node : *nodes_) {
    const auto found = known_.find(node.index);
    if (found == known_.end() || found->second.refused_until <= now) willing.push_back(&node);
  }
  return willing.empty() ? nullptr : willing[workload_.draw(willing.size())];
}

}  // namespace p2p::history
