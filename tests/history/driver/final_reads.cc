#include "driver/final_reads.h"
#include "driver/client.h"

#include <fmt/format.h>

#include <thread>

namespace p2p::history {
namespace {

Outcome ask_patiently(Client& reader, const ListedNode& node, const Request& request) {
  for (int attempt = 1;; ++attempt) {
    const Outcome outcome = reader.ask(node, request);
    if (outcome == Outcome::done || attempt == kBatchAttempts) return outcome;
    std::this_thread::sleep_for(kRefusedPause);
  }
}

std::vector<KeyNumber> keys_from(KeyNumber first, KeyNumber end) {
  std::vector<KeyNumber> keys;
  for (KeyNumber key = first; key < end; ++key) keys.push_back(key);
  return keys;
}

}  // namespace

FinalState read_final_state(const Settings& settings, const std::vector<ListedNode>& through, Notes& notes) {
  const NodeList nobody;
  CallBudget unused(0);
  const Environment around{settings, nobody, unused, notes, nullptr};
  Client reader(around, kFinalReader);
  FinalState state;
  for (const ListedNode& node : through) {
    for (KeyNumber first = 0; first < settings.keys; first += kLargeBatchKeys) {
      const KeyNumber end = std::min<KeyNumber>(settings.keys, first + kLargeBatchKeys);
      if (ask_patiently(reader, node, {Kind::read, Form::batch, keys_from(first, end), {}}) == Outcome::done) continue;
      state.unanswered.push_back(fmt::format("unanswered: keys {} to {} could not be read through {} in the end",
                                             key_name(first), key_name(end - 1), node.address.name()));
    }
  }
  for (const Call& call : reader.log().calls()) {
    if (call.outcome == Outcome::done) state.reads.push_back(call);
  }
  return state;
}

}  // namespace p2p::history
