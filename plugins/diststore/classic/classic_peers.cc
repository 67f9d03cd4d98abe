#include "classic/classic_peers.h"

#include <p2p/handlers.h>

#include <Store.h>

#include <algorithm>
#include <vector>

namespace p2p::diststore {
namespace {

namespace wire = ::diststore;

// Reads a reply whose result has a `success`.
template <class GeneratedResult, class Value, class Take>
Result<Value> read_success(const Result<std::string>& reply, Take take) {
  if (!reply.ok()) return reply.error();
  auto decoded = decode_reply<GeneratedResult>(reply.value());
  if (!decoded.ok()) return decoded.error();
  if (!decoded.value().__isset.success) return Error{ErrorKind::protocol, "the reply has no result"};
  return take(decoded.value());
}

Result<Done> read_nothing(const Result<std::string>& reply) {
  if (!reply.ok()) return reply.error();
  return Done{};
}

}  // namespace

void ClassicPeers::remember(const NodeAddress& node) {
  const std::lock_guard hold(mutex_);
  if (known_until_.size() >= kClassicPeersMax) known_until_.clear();
  ours_.erase(node);
  known_until_[node] = clock_->now() + kClassicMemory;
  knows_any_.store(true, std::memory_order_relaxed);
}

void ClassicPeers::note_ours(const NodeAddress& node) {
  const std::lock_guard hold(mutex_);
  if (ours_.size() >= kClassicPeersMax) ours_.clear();
  ours_.insert(node);
  known_until_.erase(node);
}

bool ClassicPeers::knows_as_ours(const NodeAddress& node) const {
  const std::lock_guard hold(mutex_);
  return ours_.contains(node);
}

std::set<NodeAddress> ClassicPeers::may_be_classic(std::set<NodeAddress> nodes) const {
  const std::lock_guard hold(mutex_);
  for (const auto& [node, until] : known_until_) nodes.insert(node);
  std::erase_if(nodes, [this](const NodeAddress& node) { return ours_.contains(node); });
  return nodes;
}

bool ClassicPeers::was_of_2009(const NodeAddress& node) const {
  if (!knows_any_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard hold(mutex_);
  return known_until_.contains(node);
}

void ClassicPeers::forget_ours_but(const RingView& present) {
  const std::lock_guard hold(mutex_);
  std::erase_if(ours_, [&](const NodeAddress& node) {
    const auto is_node = [&](const std::vector<NodeAddress>& nodes) {
      return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
    };
    return !is_node(present.members()) && !is_node(present.leaving());
  });
}

bool ClassicPeers::knows(const NodeAddress& node) const {
  if (!knows_any_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard hold(mutex_);
  const auto found = known_until_.find(node);
  return found != known_until_.end() && clock_->now() < found->second;
}

void ClassicPeers::get(const NodeAddress& node, const std::string& key, Duration deadline,
                       std::function<void(Result<std::string>)> done) {
  wire::Store_get_args args;
  args.key = key;
  peers_.call_classic(node, encode_call("get", args), Peers::Expect::reply, deadline,
                      [done = std::move(done)](const Result<std::string>& reply) {
                        done(read_success<wire::Store_get_result, std::string>(
                            reply, [](auto& result) { return std::move(result.success); }));
                      });
}

void ClassicPeers::put(const NodeAddress& node, const std::string& key, const std::string& value, Duration deadline,
                       std::function<void(Result<Done>)> done) {
  puts_.fetch_add(1, std::memory_order_relaxed);
  wire::Store_put_args args;
  args.key = key;
  args.value = value;
  peers_.call_classic(node, encode_call("put", args), Peers::Expect::execution, deadline,
                      [done = std::move(done)](const Result<std::string>& reply) { done(read_nothing(reply)); });
}

void ClassicPeers::get_node(const NodeAddress& node, const std::string& key, Duration deadline,
                            std::function<void(Result<NodeAddress>)> done) {
  locator::Locator_get_node_args args;
  args.key = key;
  peers_.call_classic(node, encode_call("get_node", args), Peers::Expect::reply, deadline,
                      [done = std::move(done)](const Result<std::string>& reply) {
                        done(read_success<locator::Locator_get_node_result, NodeAddress>(
                            reply, [](auto& result) { return p2p::from_wire(result.success); }));
                      });
}

void ClassicPeers::get_all(const NodeAddress& node, Duration deadline,
                           std::function<void(Result<std::vector<NodeAddress>>)> done) {
  peers_.call_classic(
      node, encode_call("get_all", locator::Locator_get_all_args()), Peers::Expect::reply, deadline,
      [done = std::move(done)](const Result<std::string>& reply) {
        done(read_success<locator::Locator_get_all_result, std::vector<NodeAddress>>(reply, [](const auto& result) {
          std::vector<NodeAddress> members;
          for (const auto& member : result.success) members.push_back(p2p::from_wire(member));
          return members;
        }));
      });
}

void ClassicPeers::ping(const NodeAddress& node, Duration deadline, std::function<void(Result<Done>)> done) {
  peers_.call_classic(node, encode_call("ping", locator::Base_ping_args()), Peers::Expect::reply, deadline,
                      [done = std::move(done)](const Result<std::string>& reply) { done(read_nothing(reply)); });
}

void ClassicPeers::remove(const NodeAddress& node, const NodeAddress& left, const std::vector<NodeAddress>& knowing,
                          Duration deadline, std::function<void(Result<Done>)> done) {
  locator::Locator_remove_args args;
  args.location = to_wire(left);
  for (const NodeAddress& other : knowing) args.authorities.push_back(to_wire(other));
  peers_.call_classic(node, encode_call("remove", args), Peers::Expect::execution, deadline,
                      [done = std::move(done)](const Result<std::string>& reply) { done(read_nothing(reply)); });
}

void ClassicPeers::begin_check(const std::string& key) {
  const std::lock_guard hold(mutex_);
  checked_[key] = false;
  checks_.store(checked_.size());
}

void ClassicPeers::end_check(const std::string& key) {
  const std::lock_guard hold(mutex_);
  checked_.erase(key);
  checks_.store(checked_.size());
}

bool ClassicPeers::has_come_back(const std::string& key) const {
  const std::lock_guard hold(mutex_);
  const auto found = checked_.find(key);
  return found != checked_.end() && found->second;
}

bool ClassicPeers::is_checked(std::string_view key) const {
  if (checks_.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard hold(mutex_);
  return checked_.find(key) != checked_.end();
}

bool ClassicPeers::came_back(std::string_view key) {
  if (checks_.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard hold(mutex_);
  const auto found = checked_.find(key);
  if (found == checked_.end()) return false;
  return found->second = true;
}

}  // namespace p2p::diststore
