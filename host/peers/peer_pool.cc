#include "peers/peer_pool.h"

#include "serving/loop.h"
#include "serving/message_head.h"

#include <p2p/handlers.h>
#include <p2p/thread_check.h>

#include <future>

namespace p2p::host {
namespace {

// `fault` is the encoded exception that the node has answered with.
std::string why_refused(const NodeAddress& node, Encoding encoding, std::string_view fault) {
  std::string why = "the service on " + node.name() + " has not taken the call";
  if (encoding != Encoding::binary || fault.empty()) return why;  // the reply to a oneway call is empty
  Codec codec;
  if (const auto told = begin_reply(codec, fault); !told.ok()) why += ": " + told.error().text;
  return why;
}

}  // namespace

PeerPool::PeerPool(std::vector<std::unique_ptr<Loop>>& loops, PeerIdentity& identity, PeerLimits limits,
                   OwnFailures& own_failures, Logger& log)
    : loops_(loops),
      identity_(identity),
      environment_{identity, classics_, book_, machines_, own_failures, log},
      limits_(std::make_shared<PeerLimits>(std::move(limits))),
      peers_(loops.size()),
      classic_calls_(loops.size()),
      is_shut_(loops.size(), 0) {
  for (const auto& loop : loops) {
    left_connections_.push_back(std::make_unique<LeftConnections>(loop->context(), machines_));
  }
}

PeerConnection& PeerPool::connection(Loop& loop, const NodeAddress& to) {
  P2P_ASSERT_THREAD(loop.may_be_touched_here());
  LoopPeers& peers = peers_[loop.number()];
  if (peers.size() >= kPeersKeptMax) std::erase_if(peers, [](const auto& peer) { return peer.second->is_idle(); });
  auto& known = peers[to];
  if (!known) {
    known = std::make_shared<PeerConnection>(loop, to, environment_, limits_, loops_.size());
    if (is_shut_[loop.number()] != 0) known->shut_down();
  }
  return *known;
}

void PeerPool::set_locator(std::shared_ptr<ILocator> locator, std::string part) {
  if (locator == identity_.locator()) return;
  ring_changes_.reset();
  identity_.set_locator(locator, std::move(part));
  for (const auto& loop : loops_) loop->post([&identity = identity_] { (void)identity.locator_here(); });
  if (!locator) return;
  ring_changes_ = locator->subscribe("host", [this](const RingChange& change) {
    for (const NodeAddress& member : change.added) has_joined(member);
  });
}

void PeerPool::has_joined(const NodeAddress& member) {
  for (const auto& loop : loops_) {
    loop->post([&peers = peers_[loop->number()], member] {
      if (const auto known = peers.find(member); known != peers.end()) known->second->has_joined();
    });
  }
}

void PeerPool::call(const NodeAddress& to, std::string_view service, std::string message, Duration deadline,
                    std::function<void(Result<std::string>)> done) {
  Loop* here = Loop::current();
  Loop& loop = here != nullptr ? *here : *loops_.front();
  auto start = [this, &loop, to, service = std::string(service), message = std::move(message), deadline,
                done = std::move(done)]() mutable {
    const auto head = read_head(message, Encoding::binary);
    P2P_ASSERT(head.ok(), "Peers::call gets a whole binary message, as encode_call makes it");
    loop.refresh_now();
    const Urgency urgency = identity_.is_among_locators(service) ? Urgency::must_try : Urgency::fails_fast;
    connection(loop, to).call(service, head.value().name, std::string_view(message).substr(head.value().bytes),
                              loop.now() + deadline, urgency, std::move(done));
  };
  if (here != nullptr) {
    start();
  } else {
    loop.post(std::move(start));
  }
}

void PeerPool::call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                            std::function<void(Result<std::string>)> done) {
  Loop* here = Loop::current();
  Loop& loop = here != nullptr ? *here : *loops_.front();
  loop.post([this, &loop, to, message = std::move(message), expect, deadline, done = std::move(done)]() mutable {
    start_classic(loop, to, std::move(message), expect, deadline, std::move(done));
  });
}

void PeerPool::start_classic(Loop& loop, const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                             std::function<void(Result<std::string>)> done) {
  P2P_ASSERT_THREAD(loop.may_be_touched_here());
  auto& calls = classic_calls_[loop.number()];
  if (is_shut_[loop.number()] != 0) return done(Error{ErrorKind::cancelled, "this node stops"});
  if (calls.size() >= kClassicCallsMax) {
    return done(Error{ErrorKind::overloaded, "too many calls to nodes of the 2009 system are under way"});
  }
  const auto pending = std::make_shared<std::weak_ptr<ClassicCall>>();
  const ClassicCall::Limits limits{limits_->connect_timeout, limits_->message_bytes_max};
  auto call = std::make_shared<ClassicCall>(loop, environment_, *left_connections_[loop.number()], to,
                                            std::move(message), expect, limits,
                                            [&calls, pending, done = std::move(done)](Result<std::string> result) {
                                              calls.erase(pending->lock());
                                              done(std::move(result));
                                            });
  *pending = call;
  calls.insert(call);
  call->start(deadline);
}

void PeerPool::forward(PendingCall& pending, const NodeAddress& to, TimePoint deadline) {
  const CallInfo& info = pending.info();
  const ForwardRequest request{identity_.view(), static_cast<std::int32_t>(info.hops + 1), info.service, info.encoding,
                               pending.kept_message()};
  connection(pending.home(), to).forward(request, deadline, pending);
}

void PeerPool::replied(PendingCall& pending, std::string_view message) {
  const NodeAddress& from = pending.forwarded_to();
  const auto head = read_head(message, Encoding::binary);
  if (!head.ok()) return pending.forward_failed(head.error());
  if (head.value().type != MessageType::reply) {
    Codec codec;
    const auto fault = begin_reply(codec, message);
    return pending.forward_failed(fault.ok() ? Error{ErrorKind::protocol, from.name() + " sent no reply"}
                                             : fault.error());
  }
  const auto reply = read_forward_reply(message.substr(head.value().bytes));
  if (!reply) return pending.forward_failed({ErrorKind::protocol, from.name() + " sent a reply that makes no sense"});
  switch (reply->status) {
    case ForwardStatus::answered:
      return pending.answer_encoded(reply->message);
    case ForwardStatus::view_differs:
      if (const auto ring = identity_.locator()) ring->merge_table(from, std::string(reply->members));
      return pending.forward_failed({ErrorKind::not_found, from.name() + " does not own the key by its view"});
    case ForwardStatus::refused:
      return pending.forward_failed({ErrorKind::cancelled, why_refused(from, pending.info().encoding, reply->message)});
  }
}

void PeerPool::set_timeouts(const HostConfig& config) noexcept {
  limits_->connect_timeout = config.connect_timeout;
  limits_->hello_timeout = config.call_timeout;
  limits_->idle_timeout = config.idle_timeout;
}

void PeerPool::shut_down() {
  for (auto& loop : loops_) {
    std::promise<void> done;
    loop->post([this, &loop, &done] {
      is_shut_[loop->number()] = 1;
      for (auto& [to, connection] : peers_[loop->number()]) connection->shut_down();
      for (const auto& call : classic_calls_[loop->number()]) call->cancel();
      left_connections_[loop->number()]->close();
      done.set_value();
    });
    done.get_future().wait();
  }
}

}  // namespace p2p::host
