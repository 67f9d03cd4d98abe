// Which requests wait for the core's answer? Those of other members, and this node's own to itself, which take no way
// over the network. Pure.
#pragma once

#include "agreed/wire/messages.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace p2p::agreed {

class RequestsInHand final {
 public:
  using OwnRequest = std::pair<cluster::RequestId, cluster::MemberRequest>;

  cluster::RequestId add(cluster::wire::Respond respond) {
    responds_.emplace(++last_, std::move(respond));
    return last_;
  }
  void ask_self(cluster::MemberRequest request) {
    own_ids_.insert(++last_);
    own_requests_.emplace_back(last_, std::move(request));
  }

  // To whom the answer goes. Nothing: it is to this node itself, and comes back by take_own_reply(); or nobody waits.
  std::optional<cluster::wire::Respond> answer(cluster::RequestId id, const cluster::Reply& reply) {
    if (own_ids_.erase(id) > 0) {
      own_replies_.push_back(reply);
      return std::nullopt;
    }
    auto found = responds_.extract(id);
    return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
  }

  bool has_own() const { return !own_requests_.empty() || !own_replies_.empty(); }
  std::optional<cluster::Reply> take_own_reply() { return take_first(own_replies_); }
  std::optional<OwnRequest> take_own_request() { return take_first(own_requests_); }

  // Whoever still waits is told so by the end of its call.
  void clear() {
    responds_.clear();
    own_ids_.clear();
    own_requests_.clear();
    own_replies_.clear();
  }

 private:
  template <class Value>
  static std::optional<Value> take_first(std::deque<Value>& queue) {
    if (queue.empty()) return std::nullopt;
    Value first = std::move(queue.front());
    queue.pop_front();
    return first;
  }

  cluster::RequestId last_ = 0;
  std::map<cluster::RequestId, cluster::wire::Respond> responds_;
  std::set<cluster::RequestId> own_ids_;
  std::deque<OwnRequest> own_requests_;
  std::deque<cluster::Reply> own_replies_;
};

}  // namespace p2p::agreed
