#include "agreed/foreign_calls.h"

#include <p2p/handlers.h>

#include <Locator.h>

#include <algorithm>
#include <string>
#include <utility>

namespace p2p::agreed {

namespace {

// By whoever is named in `authorities` it is not passed on.
std::string encode_remove(const NodeAddress& member, const NodeAddress& joiner,
                          const std::vector<NodeAddress>& members) {
  locator::Locator_remove_args args;
  args.location = to_wire(member);
  args.__isset.location = true;
  for (const NodeAddress& one : members) args.authorities.push_back(to_wire(one));
  args.authorities.push_back(to_wire(joiner));
  args.__isset.authorities = true;
  return encode_call("remove", args);
}

std::string counted(std::uint64_t unsaid) {
  return unsaid == 0 ? "" : " (" + std::to_string(unsaid) + " more since the last such line)";
}

bool has(const std::vector<NodeAddress>& nodes, const NodeAddress& one) {
  return std::ranges::find(nodes, one) != nodes.end();
}

}  // namespace

// A joiner announces itself, and has visited nobody.
void ForeignCalls::add(const NodeAddress& address, std::vector<NodeAddress> visited) {
  const bool is_join = visited.empty();
  if (const auto unsaid = (is_join ? joins_ : news_).due(address.name(), environment_.strand->now())) {
    environment_.log.warn(
        "{} {} in the way of the 2009 system, which changes nothing: this network is of mode \"agreed\"; a network "
        "with "
        "such nodes needs mode = \"classic\" in [services.locator.config] of all of ours{}",
        address.name(), is_join ? "asks to join" : "is announced", counted(*unsaid));
  }
  if (!is_join) return;
  environment_.strand->post([weak = weak_from_this(), address] {
    if (const auto self = weak.lock()) self->dismiss(address);
  });
}

void ForeignCalls::remove(const NodeAddress& address, std::vector<NodeAddress>) {
  const auto unsaid = news_.due(address.name(), environment_.strand->now());
  if (!unsaid) return;
  environment_.log.warn(
      "{} is said to have left, in the way of the 2009 system, which changes nothing: the members of an agreed cluster "
      "notice themselves who is down{}",
      address.name(), counted(*unsaid));
}

void ForeignCalls::dismiss(const NodeAddress& joiner) {
  const auto view = environment_.view();
  if (view == nullptr || has(view->members(), joiner) || has(view->leaving(), joiner)) return;
  if (dismissals_.size() >= kDismissedMax || dismissals_.contains(joiner)) return;
  std::vector<NodeAddress> members = view->members();
  if (members.size() > kDismissedOfMax) members.resize(kDismissedOfMax);
  dismissals_.emplace(joiner, Dismissal{.members = std::move(members)});
  tell_next(joiner);
}

void ForeignCalls::tell_next(const NodeAddress& joiner) {
  const auto found = dismissals_.find(joiner);
  if (found == dismissals_.end()) return;
  const Dismissal& dismissal = found->second;
  if (dismissal.told == dismissal.members.size()) {
    dismissals_.erase(found);
    return;
  }
  environment_.peers.call_classic(joiner, encode_remove(dismissal.members[dismissal.told], joiner, dismissal.members),
                                  Peers::Expect::execution, environment_.call_timeout,
                                  [weak = weak_from_this(), joiner](const Result<std::string>& end) {
                                    const auto self = weak.lock();
                                    if (!self) return;
                                    self->environment_.strand->post([weak, joiner, end] {
                                      if (const auto still = weak.lock()) still->told(joiner, end);
                                    });
                                  });
}

void ForeignCalls::told(const NodeAddress& joiner, const Result<std::string>& end) {
  const auto found = dismissals_.find(joiner);
  if (found == dismissals_.end()) return;
  Dismissal& dismissal = found->second;
  if (end.ok()) {
    ++dismissal.told;
    dismissal.attempts = 0;
    return tell_next(joiner);
  }
  if (end.error().kind != ErrorKind::refused || dismissal.attempts == kDismissAttemptsMax) {
    environment_.log.debug("{} could not be told that it is on no ring of ours: {}", joiner.name(), end.error().text);
    dismissals_.erase(found);
    return;
  }
  dismissal.again =
      environment_.strand->after(kDismissAgain * (1 << dismissal.attempts++), [weak = weak_from_this(), joiner] {
        if (const auto self = weak.lock()) self->tell_next(joiner);
      });
}

}  // namespace p2p::agreed
