// What must hold in a network of stores. Always: what clients were told is linearizable, key by key; a key that a
// killed node held or owned only until it was killed, all keys only until a joiner gave up a silent member
// (docs/decisions/0008, Limits); and no read ever returns what was not written. At rest: all nodes show one ring, every
// key lies at its owner and nowhere else, no node awaits anything, nothing was left behind by one that has left, both
// receipts of a transfer say the same, and tombstones go when their time has come.
#include "store_world.h"

#include <Store.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace p2p::sim {

using std::chrono::seconds;
using Phase = StoreNode::Phase;

namespace {

using ReceiptFacts = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

ReceiptFacts facts_of(const ::diststore::Receipt& receipt) {
  return {receipt.view, receipt.keys, receipt.kept, receipt.bytes, receipt.digest_before, receipt.digest_after};
}

}  // namespace

// Of two nodes that may own keys one at least knows the other: then they cannot both own the same one (H2).
void StoreWorld::note_strangers(const StoreNode& opened) {
  const auto knows = [](const StoreNode& one, const StoreNode& other) { return one.locator().shows(other.self()); };
  for (const StoreNode* other : nodes_in(Phase::open)) {
    if (other == &opened || knows(opened, *other) || knows(*other, opened)) continue;
    strangers_.push_back(
        fmt::format("{} may own keys, and does not know of {}", opened.self().port, other->self().port));
  }
}

std::string StoreWorld::disagreement_of(StoreNode& node) const {
  const std::string name = std::to_string(node.self().port);
  if (node.phase() != Phase::open) return name + " has not started, or not left";
  if (!node.locator().is_idle()) return name + " still changes its ring";
  const StoreNode& first = *nodes_in(Phase::open).front();
  if (node.locator().view().fingerprint() != first.locator().view().fingerprint()) return name + " has another ring";
  if (!node.locator().view().leaving().empty()) return name + " knows of one that leaves";
  if (node.locator().view().members().size() != nodes_in(Phase::open).size() + running_of_2009().size())
    return name + " has members that do not run";
  if (node.gauge("awaits_keys_from") > 0) return name + " awaits keys";
  return "";
}

std::string StoreWorld::disagreement_of(const StoreNodeOf2009& node) const {
  const std::string name = std::to_string(node.self().port) + " (2009)";
  if (!node.is_idle()) return name + " is busy";
  const auto members = nodes_in(Phase::open).front()->locator().view().members();
  return node.ring() == std::set<NodeAddress>(members.begin(), members.end()) ? "" : name + " has another ring";
}

// Counts at each node what is found of its own keys; whatever else lies there is another node's.
std::string StoreWorld::misplaced() const {
  std::map<const StoreNode*, std::int64_t> found;
  for (const std::string& key : clients_->keys()) {
    for (StoreNode* node : nodes_in(Phase::open)) {
      if (!node->locator().view().owner_of(key).is_self) continue;
      ::diststore::Store_read_args args;
      args.key = key;
      const auto reply =
          decode_reply<::diststore::Store_read_result>(node->ask_now("diststore", encode_call("read", args)));
      if (!reply.ok() || reply.value().__isset.error) return key + " is not answered at its owner";
      found[node] += reply.value().success.found;
    }
  }
  for (const StoreNode* node : nodes_in(Phase::open)) {
    if (node->gauge("keys") == found[node]) continue;
    return fmt::format("{} holds {} keys, of its own {}", node->self().port, node->gauge("keys"), found[node]);
  }
  return "";
}

std::string StoreWorld::disagreement() const {
  if (!clients_->are_idle()) return "a client waits";
  for (const auto& node : nodes_) {
    if (node->phase() == Phase::ended) continue;
    if (auto wrong = disagreement_of(*node); !wrong.empty()) return wrong;
  }
  for (const StoreNodeOf2009* node : running_of_2009()) {
    if (auto wrong = disagreement_of(*node); !wrong.empty()) return wrong;
  }
  return misplaced();
}

void StoreWorld::check_histories(std::vector<std::string>& broken) const {
  const auto histories = clients_->histories();
  for (std::size_t at = 0; at < histories.size(); ++at) {
    auto until = lost_since_[at];
    if (given_up_at_) until = until ? std::min(*until, *given_up_at_) : *given_up_at_;
    // A node of the 2009 system keeps whatever comes last: what a leaver of ours has kept may come too late.
    const bool is_checked = !plan_.has_one_of_2009 || at + clients_->put_only_keys < histories.size();
    const auto wrong = is_checked ? not_linearizable(until ? before(histories[at], *until) : histories[at]) : "";
    if (!wrong.empty()) broken.push_back(clients_->keys()[at] + ": " + wrong);
    // As clocks differ, and a clock that counts in milliseconds.
    const auto lost = until || plan_.has_one_of_2009
                          ? ""
                          : lost_put(histories[at], 2 * plan_.skew_most + std::chrono::milliseconds(2));
    if (!lost.empty()) broken.push_back(clients_->keys()[at] + ": " + lost);
    const auto unwritten = read_of_nothing(histories[at]);
    if (!unwritten.empty()) broken.push_back(clients_->keys()[at] + ": " + unwritten);
  }
}

void StoreWorld::check_puts(std::vector<std::string>& broken) const {
  for (const std::string& key : clients_->passed_on()) broken.push_back("a leaver has passed on a put of " + key);
}

void StoreWorld::check_receipts(std::vector<std::string>& broken) const {
  std::map<std::pair<std::string, std::int64_t>, ::diststore::Receipt> received;
  std::vector<::diststore::Receipt> given;
  for (const auto& node : nodes_) {
    for (const auto& receipt : node->receipts()) {
      if (receipt.donor == node->self().name()) {
        given.push_back(receipt);
      } else {
        received[{receipt.donor, receipt.session}] = receipt;
      }
    }
  }
  for (const auto& receipt : given) {
    if (!receipt.complete) continue;
    const auto other = received.find({receipt.donor, receipt.session});
    if (other == received.end() && kills_ > 0) continue;  // its holder was killed
    const bool has_none = std::any_of(nodes_of_2009_.begin(), nodes_of_2009_.end(),
                                      [&](const auto& node) { return node->self().name() == receipt.receiver; });
    if (other == received.end() && has_none) continue;
    if (other != received.end() && other->second.complete && facts_of(other->second) == facts_of(receipt)) continue;
    broken.push_back(fmt::format("the receipts of {} and {} differ", receipt.donor, receipt.receiver));
  }
}

// A leaver whose only known member is killed tells of its keys, and ends.
void StoreWorld::check_left_behind(std::vector<std::string>& broken) const {
  for (const auto& node : nodes_) {
    for (const std::string& line : node->left_behind()) {
      if (kills_ > 0 && line.ends_with("which nobody is left to take")) continue;
      broken.push_back(fmt::format("{} has left behind {}", node->self().port, line));
    }
  }
}

// Where clocks differ by little, and time is short. A batch whose answer was lost keeps its giver from being fully
// handed over for five seconds.
void StoreWorld::check_tombstones(std::vector<std::string>& broken) {
  if (plan_.tombstone_grace > seconds(5) || plan_.skew_most > seconds(5)) return;
  run_for(2 * (plan_.tombstone_grace + plan_.skew_most) + seconds(4 + 5));
  for (const StoreNode* node : nodes_in(Phase::open)) {
    const auto left = node->gauge("tombstones");
    if (left > 0) broken.push_back(fmt::format("{} still holds {} tombstones", node->self().port, left));
  }
  if (const auto wrong = misplaced(); !wrong.empty()) broken.push_back("after tombstones have gone: " + wrong);
}

}  // namespace p2p::sim
