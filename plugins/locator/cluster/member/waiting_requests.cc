#include "cluster/member/waiting_requests.h"

#include "cluster/member/orders.h"

#include <p2p/assert.h>

#include <algorithm>

namespace p2p::cluster {

namespace {

// Equal requests are about the same; and few are about the same without being equal.
std::uint64_t subject_of(const Request& request) {
  const auto of = [](const auto& one) -> std::uint64_t {
    if constexpr (requires { one.partition; })
      return one.partition;
    else if constexpr (requires { one.node; })
      return one.node.high;
    else if constexpr (requires { one.member; })
      return one.member.id.high;
    else
      return 0;
  };
  return std::visit(of, request) * std::variant_size_v<Request> + request.index();
}

// What `up` makes void: an earlier word of the same process, or of one before it.
bool is_superseded(const Request& request, const Up& up) {
  const auto* earlier = std::get_if<Up>(&request);
  return earlier != nullptr && earlier->node == up.node && earlier->boot.number <= up.boot.number;
}

bool is_of_former_term(const ClusterMap& map, const Request& request) {
  const auto is_former = [&](const auto& one) {
    if constexpr (requires {
                    one.partition;
                    one.term;
                  })
      return one.partition < map.partitions.size() && map.partitions[one.partition].term > one.term;
    else
      return false;
  };
  return std::visit(is_former, request);
}

}  // namespace

bool may_ask(const NodeId& node, const Request& request, const ClusterMap& map) {
  const auto* start = std::get_if<StartEmpty>(&request);
  if (start == nullptr || start->partition >= map.partitions.size()) return true;
  const auto& in_sync = map.partitions[start->partition].in_sync;
  if (std::ranges::none_of(in_sync, [&](Slot copy) { return map.is_up(copy); })) return true;
  return in_sync.size() == 1 && in_sync.front() == map.slot_of(node);
}

bool is_settled(const ClusterMap& map, const Request& request) {
  return is_done(map, request) || is_of_former_term(map, request);
}

WaitingRequests::Place WaitingRequests::find(const Request& request) {
  const auto [first, last] = by_subject_.equal_range(subject_of(request));
  const auto found = std::find_if(first, last, [&](const auto& one) { return one.second->request == request; });
  return found == last ? waiting_.end() : found->second;
}

WaitingRequests::Place WaitingRequests::remove(Place place) {
  const auto [first, last] = by_subject_.equal_range(subject_of(place->request));
  const auto found = std::find_if(first, last, [&](const auto& one) { return one.second == place; });
  P2P_ASSERT(found != last, "each request that waits is found by its subject");
  by_subject_.erase(found);
  return waiting_.erase(place);
}

bool WaitingRequests::add(const Request& request, TimePoint now) {
  if (const Place same = find(request); same != waiting_.end()) {
    same->until = now + kRequestKept;
    return true;
  }
  const std::uint64_t subject = subject_of(request);
  if (const auto* up = std::get_if<Up>(&request)) {
    std::vector<Place> superseded;
    for (auto [at, last] = by_subject_.equal_range(subject); at != last; ++at)
      if (is_superseded(at->second->request, *up)) superseded.push_back(at->second);
    for (const Place place : superseded) remove(place);
  }
  if (waiting_.size() >= kRequestsWaitingMax) return false;
  by_subject_.emplace(subject, waiting_.insert(waiting_.end(), {.request = request, .until = now + kRequestKept}));
  return true;
}

void WaitingRequests::observe(const ClusterMap& map) {
  for (auto at = waiting_.begin(); at != waiting_.end();)
    at = is_settled(map, at->request) ? remove(at) : std::next(at);
}

void WaitingRequests::drop_old(TimePoint now) {
  for (auto at = waiting_.begin(); at != waiting_.end();) at = at->until <= now ? remove(at) : std::next(at);
}

}  // namespace p2p::cluster
