#include "driver/run.h"
#include "check.h"
#include "driver/final_reads.h"
#include "driver/latencies.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace p2p::history {
namespace {

constexpr std::uint16_t kPrefillClient = 0;

// Empties the logs as it goes, so that no more than one client's calls are held twice.
std::vector<Call> take_calls(std::vector<std::unique_ptr<Client>>& clients) {
  std::vector<Call> calls;
  std::size_t count = 0;
  for (const auto& client : clients) count += client->log().calls().size();
  calls.reserve(count);
  for (const auto& client : clients) {
    auto& own = client->log().calls();
    calls.insert(calls.end(), own.begin(), own.end());
    own = {};
  }
  return calls;
}

bool may_take_effect_late(const Call& call) { return call.outcome == Outcome::unknown && call.kind != Kind::read; }

}  // namespace

Run::Run(const Settings& settings)
    : settings_(settings),
      budget_(settings.calls_max),
      ring_(settings.is_through_client ? std::make_unique<RingConnection>(settings, nodes_) : nullptr),
      around_{settings_, nodes_, budget_, notes_, ring_.get()} {
  for (const NodeAddress& node : settings.nodes) nodes_.add(node);
  for (std::uint16_t number = kPrefillClient; number <= settings.clients; ++number) {
    clients_.push_back(std::make_unique<Client>(around_, number));
  }
}

Result<Done> Run::prefill() {
  Client& writer = *clients_.front();
  for (KeyNumber first = 0; first < settings_.keys; first += kLargeBatchKeys) {
    std::vector<KeyNumber> keys;
    const KeyNumber end = std::min<KeyNumber>(settings_.keys, first + kLargeBatchKeys);
    for (KeyNumber key = first; key < end; ++key) keys.push_back(key);
    if (!writer.write_batch(keys)) {
      return Error{ErrorKind::timed_out,
                   fmt::format("no node took the first values of keys {} to {}", key_name(first), key_name(end - 1))};
    }
  }
  return Done{};
}

void Run::start() {
  for (const auto& client : clients_) {
    if (client == clients_.front()) continue;
    threads_.emplace_back([&client](const std::stop_token& stop) { client->run(stop); });
  }
}

void Run::stop_clients() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // waits for each: a call in hand may take kAnswerTimeout
}

nlohmann::json Run::counts() const {
  Counts sum{};
  for (const auto& client : clients_) client->log().count_into(sum);
  nlohmann::json kinds;
  std::array<std::uint64_t, kOutcomes> outcomes{};
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      kinds[to_text(static_cast<Kind>(kind))][to_text(static_cast<Outcome>(outcome))] = sum[kind][outcome];
      outcomes[outcome] += sum[kind][outcome];
    }
  }
  nlohmann::json counts{{"calls", outcomes[0] + outcomes[1] + outcomes[2]}, {"by_kind", kinds}};
  for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
    counts[to_text(static_cast<Outcome>(outcome))] = outcomes[outcome];
  }
  return counts;
}

nlohmann::json Run::report() const { return counts(); }

// What an unknown change may still do would make nodes differ that are read one after the other.
void Run::wait_for_late_effects() const {
  Moment last = std::numeric_limits<Moment>::min();
  for (const auto& client : clients_) {
    for (const Call& call : client->log().calls()) {
      if (may_take_effect_late(call)) last = std::max(last, call.ended);
    }
  }
  if (last == std::numeric_limits<Moment>::min()) return;
  const std::chrono::steady_clock::time_point ended{std::chrono::nanoseconds(last)};
  std::this_thread::sleep_until(ended + kLateEffectMax);
}

nlohmann::json Run::finish(const std::vector<NodeAddress>& through) {
  stop_clients();
  wait_for_late_effects();
  std::vector<ListedNode> nodes;
  std::vector<std::string> unanswered;
  for (const NodeAddress& address : through) {
    const auto node = nodes_.known(address);
    if (node.ok()) {
      nodes.push_back(node.value());
    } else {
      unanswered.push_back("unanswered: " + address.name() + ": " + node.error().text);
    }
  }
  FinalState state = read_final_state(settings_, nodes, notes_);
  unanswered.insert(unanswered.end(), state.unanswered.begin(), state.unanswered.end());

  nlohmann::json line = counts();
  line["final_keys"] = nodes.empty() ? 0 : state.reads.size() / nodes.size();
  const History history{nodes_.names(), take_calls(clients_), std::move(state.reads)};
  const Latencies latencies = latencies_of(history.calls);
  line["slowest_ms"] = latencies.slowest_ms;
  line["p99_ms"] = latencies.p99_ms;

  Verdict verdict = check(history, kSentencesMax);
  if (!unanswered.empty()) verdict.by_rule["unanswered"] = unanswered.size();
  verdict.sentences.insert(verdict.sentences.begin(), unanswered.begin(), unanswered.end());
  if (verdict.sentences.size() > kSentencesMax) verdict.sentences.resize(kSentencesMax);
  line["violations"] = verdict.sentences;
  line["violation_count"] = verdict.violations + unanswered.size();
  line["by_rule"] = verdict.by_rule;
  return line;
}

}  // namespace p2p::history
