#include "serving/service_router.h"

#include "serving/loop.h"
#include "serving/oversized_message.h"
#include "text/foreign_text.h"

#include <fmt/format.h>

namespace p2p::host {
namespace {

// The common prefix of all texts about a call's outcome (<p2p/call.h>).
constexpr std::string_view kSaysWhatBecame = "p2p:";

// A service that throws has begun the call, whatever the text says: it may come from a call that the service made
// elsewhere. A service that knows better uses Call::fail().
std::string text_of_thrown(const std::string& thrown) {
  return thrown.starts_with(kSaysWhatBecame) ? "an exception left the service: " + thrown : thrown;
}

}  // namespace

ServiceRouter::ServiceRouter(ServingLimits limits, WorkerPool& pool, Logger& log)
    : limits_(limits), pool_(pool), log_(log), newest_(std::make_shared<const ServiceTable>()), table_(newest_) {}

void ServiceRouter::set_timeouts(const HostConfig& config) noexcept {
  limits_.call_timeout = config.call_timeout;
  limits_.idle_timeout = config.idle_timeout;
  limits_.message_timeout = config.message_timeout;
}

Result<std::shared_ptr<ServiceEntry>> ServiceRouter::serve(const std::string& name, const std::string& owner,
                                                           ServiceSpec spec, std::shared_ptr<Endpoint> endpoint,
                                                           std::size_t loops) {
  const std::lock_guard hold(changes_);
  for (const auto& known : newest_->entries()) {
    if (known->name() != name || known->owner() != owner || known->gate() != GateState::disabled) continue;
    known->renew(std::move(spec), std::move(endpoint));
    return known;
  }
  auto entry = std::make_shared<ServiceEntry>(name, owner, std::move(spec), std::move(endpoint), loops);
  auto next = newest_->with(entry);
  if (!next.ok()) return next.error();
  newest_ = std::move(next).value();
  table_.publish(newest_);
  return entry;
}

std::vector<std::shared_ptr<ServiceEntry>> ServiceRouter::entries() {
  const std::lock_guard hold(changes_);
  return newest_->entries();
}

void ServiceRouter::refresh(const std::vector<std::string>& defaults, std::vector<std::string> disabled) {
  const std::lock_guard hold(changes_);
  auto next = std::make_shared<ServiceTable>(*newest_);
  next->refresh(defaults, std::move(disabled));
  newest_ = std::move(next);
  table_.publish(newest_);
}

Taken ServiceRouter::take(Loop& loop, const Arrival& arrival, std::span<char> message, std::string_view service_given) {
  const auto read = read_head({message.data(), message.size()}, arrival.encoding);
  if (!read.ok()) return Taken::malformed;
  MessageHead head = read.value();
  if (head.type != MessageType::call && head.type != MessageType::oneway) return Taken::malformed;

  const SplitName name = split_name(head.name);
  const std::string_view service = service_given.empty() ? name.service : service_given;
  if (teller_ != nullptr && service == kPeerService && name.method == kForwardMethod)
    return take_forward(loop, arrival, head, message);
  const ServiceTable& table = table_.read();
  ServiceEntry* entry = service.empty() ? table.default_entry() : table.find(service);
  if (entry == nullptr) {
    answer_fault(loop, arrival, head, CallFault::unknown_method, why_unknown(table, service));
    return Taken::accepted;
  }
  const GateState gate = entry->gate();
  const bool is_last_call = gate == GateState::draining && entry->is_taken_while_draining(name.method);
  if (refuses_all(gate) || (gate >= GateState::draining && arrival.hops == 0 && !is_last_call)) {
    answer_fault(loop, arrival, head, CallFault::unknown_method, why_refused(*entry));
    return Taken::accepted;
  }
  if (entry->spec().nodes_only && !arrival.origin->has_said_hello()) {
    answer_fault(loop, arrival, head, CallFault::protocol_error, why_strange(*entry));
    return Taken::accepted;
  }

  const std::span<char> plain = strip_service(message, head, arrival.encoding);
  head.name = name.method;  // stripping has overwritten the prefix
  PendingCall* pending = loop.take_pending();
  pending->begin(*this, *entry, arrival, {plain.data(), plain.size()}, head,
                 loop.now() + Duration(limits_.call_timeout));
  LoopCounts::bump(entry->counts(loop.number()).calls);
  // Forwarded calls come from many clients, and must not wait for each other.
  const bool holds_back = entry->spec().dispatch == Dispatch::pool && !entry->spec().concurrent && !arrival.envelope;
  pending->set_waits_for_return(holds_back);
  dispatch(*pending);
  return holds_back ? Taken::hold_back : Taken::accepted;
}

std::string ServiceRouter::why_refused(const ServiceEntry& entry) {
  if (entry.gate() == GateState::disabled) {
    return fmt::format("{}service '{}' does not run on this node", kDisabledPrefix, entry.name());
  }
  return fmt::format("{}service '{}' is stopping on this node; ask another one", kDrainingPrefix, entry.name());
}

std::string ServiceRouter::why_strange(const ServiceEntry& entry) {
  return fmt::format("service '{}' is for the nodes of this cluster: a connection to it begins with Peer.hello",
                     entry.name());
}

std::string ServiceRouter::why_unknown(const ServiceTable& table, std::string_view service) {
  if (service.empty())
    return fmt::format("{}no service answers calls without a service name on this node", kUnknownPrefix);
  if (table.is_disabled(service)) {
    return fmt::format("{}service '{}' is disabled on this node", kDisabledPrefix, service);
  }
  return fmt::format("{}no service '{}' on this node", kUnknownPrefix, service);
}

void ServiceRouter::answer_fault(Loop& loop, const Arrival& arrival, const MessageHead& head, CallFault fault,
                                 const std::string& text) {
  loop.traffic().refused_calls.add(1);
  const bool is_oneway = head.type == MessageType::oneway;
  const OriginRef origin(arrival.origin);
  // A client of a oneway method gets no answer; a node that forwarded such a call must learn that it was not taken.
  const std::uint64_t call_id = origin->begun(is_oneway && !arrival.envelope);
  if (is_oneway && !arrival.envelope) return origin->oneway_ended();
  Codec codec;
  const CallInfo info{{}, split_name(head.name).method, head.sequence, arrival.encoding, false, 0, 0};
  encode_fault(codec, info, fault, text);
  if (!arrival.envelope) return origin->answered(call_id, {codec.out().written()});
  std::string wrapped = loop.take_scratch();
  append_forward_reply(wrapped, *arrival.envelope, ForwardStatus::refused, codec.out().written());
  origin->answered(call_id, {wrapped});
  loop.give_back(std::move(wrapped));
}

Taken ServiceRouter::take_forward(Loop& loop, const Arrival& arrival, const MessageHead& head,
                                  std::span<char> message) {
  const auto refuse = [&](const char* why) {
    answer_fault(loop, arrival, head, CallFault::protocol_error, why);
    return Taken::accepted;
  };
  const auto request = read_forward({message.data() + head.bytes, message.size() - head.bytes}, arrival.encoding);
  if (!request) return refuse("the arguments of Peer.forward make no sense");
  // A forward inside a forward would nest handlers without limit.
  const bool is_nested = arrival.envelope.has_value() || request->target == kPeerService;
  if (is_nested || request->hops < 1 || request->hops > static_cast<std::int32_t>(kHopsMax))
    return refuse("a call is forwarded once, and to a plugin's service");
  Arrival inner = arrival;
  inner.hops = static_cast<std::uint32_t>(request->hops);
  inner.view = static_cast<std::uint64_t>(request->view);
  inner.encoding = request->encoding;
  inner.envelope = Envelope{head.sequence, arrival.encoding};
  const std::size_t at = static_cast<std::size_t>(request->message.data() - message.data());
  const Taken taken = take(loop, inner, message.subspan(at, request->message.size()), request->target);
  return taken == Taken::malformed ? refuse("the forwarded message is no call") : taken;
}

void ServiceRouter::append_disagreement(std::string& out, const Envelope& envelope) const {
  host::append_disagreement(out, envelope, teller_->view(), teller_->encoded_members());
}

void ServiceRouter::dispatch(PendingCall& pending) {
  switch (pending.service().gate()) {
    case GateState::starting:
      return park(pending);
    case GateState::admitting:
      if (!pending.service().is_taken_while_starting(pending.info().method)) return park(pending);
      break;
    case GateState::closed:
    case GateState::disabled:
      return pending.fail(CallFault::unknown_method, why_refused(pending.service()));
    case GateState::open:
    case GateState::draining:
    case GateState::ending:
      break;
  }
  const Route* route = pending.service().route();
  if (route != nullptr && route_keeper_->takes(pending, *route)) return;
  if (pending.service().spec().dispatch == Dispatch::pool) {
    run_pooled(pending);
  } else {
    run_inline(pending);
  }
}

void ServiceRouter::park(PendingCall& pending) {
  pending.keep();
  pending.home().watch(&pending);
  bool is_full = false;
  if (pending.service().park(&pending, limits_.parked_calls_max, &is_full)) return;
  if (is_full) {
    pending.fail(CallFault::internal_error,
                 fmt::format("{}service '{}' is starting and [host] parked_calls_max calls wait already",
                             kOverloadedPrefix, pending.service().name()));
  } else {
    pending.dispatch_again();
  }
}

void ServiceRouter::run_inline(PendingCall& pending) {
  pending.begin_handler();
  if (run_handler(pending)) return;
  pending.lose_message();
  pending.home().watch(&pending);
}

void ServiceRouter::run_pooled(PendingCall& pending) {
  pending.keep();
  Loop& home = pending.home();
  home.watch(&pending);
  const OriginRef waiting(pending.waits_for_return() ? &pending.origin() : nullptr);
  pending.set_waits_for_return(false);
  ServiceEntry& entry = pending.service();
  entry.handler_begins();
  const bool is_accepted = pool_.submit([this, &pending, &entry, &home, waiting = OriginRef(waiting)]() mutable {
    if (refuses_all(entry.gate())) {
      pending.fail(CallFault::unknown_method, why_refused(entry));
    } else if (pending.has_expired() || !pending.begin_handler()) {
      pending.fail(CallFault::internal_error,
                   fmt::format("{}the call waited too long for [host] worker_threads", kNotExecutedPrefix));
    } else {
      run_handler(pending);
    }
    entry.handler_ends();
    // Release the connection on its own loop, wherever the last reference is dropped.
    home.post([waiting = std::move(waiting)] {
      if (waiting.get() != nullptr) waiting->returned();
    });
  });
  if (is_accepted) return;
  entry.handler_ends();
  pending.set_waits_for_return(waiting.get() != nullptr);
  pending.fail(CallFault::internal_error, fmt::format("{}[host] worker_queue calls wait already", kOverloadedPrefix));
}

void ServiceRouter::warn_unread(std::size_t bytes) {
  const auto unsaid = unread_.due("", std::chrono::steady_clock::now());
  if (!unsaid) return;
  log_.warn("closing a connection that does not read its replies: {} bytes wait ({} more since the last such line)",
            bytes, *unsaid);
}

// The sender finds its connection broken, whether it waits for an answer or not.
void ServiceRouter::warn_too_large(std::string_view begun, Encoding encoding, TimePoint now) {
  const std::string message = oversized_text(begun, encoding);
  if (const auto unsaid = too_large_.due(message, now)) {
    log_.warn("closing a connection: {}, and [host] frame_bytes_max = {} ({} more since the last such line)", message,
              format_bytes(limits_.frame_bytes_max), *unsaid);
  }
}

// A client can make generated code throw as often as it likes.
void ServiceRouter::log_exception(ServiceEntry& entry, const std::string& thrown) {
  const auto unlogged = entry.exception_left(std::chrono::steady_clock::now());
  if (!unlogged) return;
  log_.error("service {}: an exception left a handler: {} ({} more since the last such line)", entry.name(),
             foreign_text(thrown), *unlogged);
}

bool ServiceRouter::run_handler(PendingCall& pending) {
  ServiceEntry& entry = pending.service();  // `pending` may be another call's when the handler returns
  PendingCall::HandlerScope scope{&pending, PendingCall::current_scope(), false, false};
  PendingCall::current_scope() = &scope;
  std::string thrown;
  pending.open_codec();
  try {
    entry.endpoint().handle(Call(&pending));
  } catch (const std::exception& failure) {
    thrown = failure.what();
    if (thrown.empty()) thrown = "an exception without text";
  } catch (...) {
    thrown = "an exception of a type that is not derived from std::exception";
  }
  PendingCall::current_scope() = scope.outer;
  if (!thrown.empty()) log_exception(entry, thrown);
  if (scope.has_ended) return true;
  if (!scope.is_abandoned) return false;
  if (thrown.empty() || pending.info().oneway) {
    pending.abandon();
  } else {
    pending.fail(CallFault::internal_error, text_of_thrown(thrown));
  }
  return true;
}

}  // namespace p2p::host
