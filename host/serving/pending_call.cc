#include "serving/pending_call.h"

#include "retry/faults.h"
#include "serving/loop.h"
#include "serving/service_router.h"

#include <p2p/thread_check.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace p2p::host {
namespace {

// Blocks of a pooled call state that are kept from call to call; larger ones are freed.
constexpr std::size_t kKeptBlockBytesMax = 64 * 1024;

}  // namespace

void encode_fault(Codec& codec, const CallInfo& info, CallFault fault, std::string_view text) {
  const apache::thrift::TApplicationException exception(
      static_cast<apache::thrift::TApplicationException::TApplicationExceptionType>(fault), std::string(text));
  with_output(codec, info.encoding, [&](auto& protocol) {
    protocol.writeMessageBegin(std::string(info.method), apache::thrift::protocol::T_EXCEPTION, info.sequence);
    exception.write(&protocol);
    protocol.writeMessageEnd();
  });
}

PendingCall::HandlerScope*& PendingCall::current_scope() noexcept {
  thread_local HandlerScope* scope = nullptr;
  return scope;
}

void PendingCall::begin(ServiceRouter& router, ServiceEntry& service, const Arrival& arrival, std::string_view message,
                        const MessageHead& head, TimePoint deadline) {
  P2P_ASSERT_THREAD(home_.may_be_touched_here());
  router_ = &router;
  // A pooled state usually gets the same method again.
  if (service_ != &service || method_ != head.name) {
    method_.assign(head.name);
    counts_ = nullptr;
  }
  service_ = &service;
  origin_ = OriginRef(arrival.origin);
  message_ = message;
  head_bytes_ = static_cast<std::size_t>(head.name.data() + head.name.size() - message.data());
  head_bytes_ += arrival.encoding == Encoding::binary ? 4 : 0;
  info_ = {service.name(), method_,     head.sequence, arrival.encoding, head.type == MessageType::oneway,
           arrival.hops,   arrival.view};
  begun_at_ = home_.now();
  deadline_ = deadline;
  is_kept_ = is_watched_ = is_error_ = is_refusal_ = waits_for_return_ = is_forwarded_ = has_no_caller_ = false;
  is_outcome_unknown_ = false;
  run_.store(Run::waits, std::memory_order_relaxed);
  is_silent_.store(false, std::memory_order_relaxed);
  is_expired_.store(false, std::memory_order_relaxed);
  is_clean_ = is_message_here_ = true;
  envelope_ = arrival.envelope;
  call_id_ = origin_->begun(info_.oneway && !envelope_);
}

void PendingCall::open_codec() noexcept {
  codec_.in().attach(message_);
  codec_.in().skip(head_bytes_);
  codec_.out().clear(kKeptBlockBytesMax);
}

void PendingCall::keep() {
  if (is_kept_) return;
  P2P_ASSERT(is_message_here_, "keep() before the handler returns: the message is gone afterwards");
  if (kept_.capacity() > kKeptBlockBytesMax && message_.size() < kKeptBlockBytesMax) std::string().swap(kept_);
  kept_.assign(message_);
  message_ = kept_;
  is_kept_ = true;
}

// A handler may run inside another: that of Peer.forward holds the call that it hands to its service, and that call's
// answer ends the outer call too.
void PendingCall::mark_ended() noexcept {
  for (HandlerScope* scope = current_scope(); scope != nullptr; scope = scope->outer) {
    if (scope->pending == this) scope->has_ended = true;
  }
}

void PendingCall::finish() noexcept { end(End::answer); }

bool PendingCall::begin_handler() noexcept {
  // Most calls begin on their own loop, or have begun already: that needs no exchange.
  if (home_.is_current()) {
    if (run_.load(std::memory_order_relaxed) == Run::waits) run_.store(Run::has_begun, std::memory_order_relaxed);
    return true;
  }
  Run seen = Run::waits;
  return run_.compare_exchange_strong(seen, Run::has_begun) || seen == Run::has_begun;
}

void PendingCall::fail(CallFault fault, std::string_view text) noexcept {
  // A later attempt says nothing about an earlier one that another node may have executed.
  std::string corrected;
  if (is_outcome_unknown_ && (fault != CallFault::internal_error || retry::is_refusal(fault, text))) {
    fault = CallFault::internal_error;
    text = corrected.append(kUnknownOutcomePrefix)
               .append("an earlier attempt may have been executed; the last: ")
               .append(text);
  }
  // A protocol that has thrown stopped somewhere inside a message, so the exception gets fresh ones.
  Codec fresh;
  if (!is_silent_) encode_fault(fresh, info_, fault, text);
  codec_.out().block() = fresh.out().written();
  is_clean_ = false;
  is_error_ = true;
  fault_ = fault;
  is_refusal_ = retry::is_refusal(fault, text);
  service_->note_error(std::string(text));
  end(End::answer);
}

void PendingCall::abandon() noexcept {
  HandlerScope* scope = current_scope();
  if (scope != nullptr && scope->pending == this && !scope->has_ended) {
    scope->is_abandoned = true;  // the router ends it, with what the handler threw
    return;
  }
  if (info_.oneway || is_silent_) {
    codec_.out().clear(kKeptBlockBytesMax);
    end(End::answer);
  } else {
    fail(CallFault::internal_error, "the service let go of the call without an answer");
  }
}

void PendingCall::disagree() noexcept {
  if (info_.hops == 0)
    return fail(CallFault::internal_error, "the service disagrees with a call that nobody forwarded");
  end(End::disagree);
}

void PendingCall::end(End how) noexcept {
  mark_ended();
  if (home_.is_current()) {
    end_here(how);
  } else {
    home_.post([this, how] {
      home_.refresh_now();
      end_here(how);
    });
  }
}

void PendingCall::end_here(End how, EncodedReply reply) noexcept {
  P2P_ASSERT_THREAD(home_.may_be_touched_here());
  home_.unwatch(this);
  count_end(reply.bytes);
  // The last reference to an origin must be released on this loop, and after the state has ended.
  if (waits_for_return_) tell_return();
  const OriginRef origin = std::move(origin_);
  if (!is_expired_) deliver(*origin.get(), how, reply);
  on_failed_forward_ = nullptr;
  // The pool keeps states, not the memory of the largest message that each has seen.
  codec_.out().clear(kKeptBlockBytesMax);
  if (kept_.capacity() > kKeptBlockBytesMax) std::string().swap(kept_);
  home_.give_back(this, is_clean_ && !is_expired_);
}

CallEnd PendingCall::failure() const noexcept {
  if (is_expired_ && !has_no_caller_) return CallEnd::timed_out;
  if (!is_error_) return CallEnd::done;
  switch (fault_) {
    case CallFault::unknown_method:
      return CallEnd::unknown_method;
    case CallFault::protocol_error:
      return CallEnd::protocol_error;
    case CallFault::internal_error:
      break;
  }
  return is_refusal_ ? CallEnd::refused : CallEnd::exception;
}

// By the loop's clock, which is read when something has arrived: calls that are answered in the turn in which they came
// take no time. Only names of methods that the service knows are told apart.
void PendingCall::count_end(std::string_view reply) noexcept {
  LoopCounts& counts = service_->counts(home_.number());
  LoopCounts::bump(counts.ended);
  const Duration took = home_.now() - begun_at_;
  const CallEnd end = failure();
  MethodTable& methods = service_->methods(home_.number());
  if (end != CallEnd::done) LoopCounts::bump(counts.errors);
  if (end == CallEnd::unknown_method || end == CallEnd::protocol_error) return methods.other().note(end, took);
  if (counts_ == nullptr) counts_ = methods.find(method_);
  if (counts_ == nullptr && is_method_known(end, reply)) counts_ = &methods.of(method_);
  (counts_ != nullptr ? *counts_ : methods.other()).note(end, took);
}

// Generated processors answer a call of a method that they do not know with an exception, and tell nobody. No answer
// says as much only when it is this node's to a oneway method.
bool PendingCall::is_method_known(CallEnd end, std::string_view reply) const noexcept {
  if (end != CallEnd::done) return false;
  if (reply.empty()) return (info_.oneway || is_silent_) && !is_forwarded_;
  const auto head = read_head(reply, info_.encoding);
  return head.ok() && head.value().type == MessageType::reply;
}

void PendingCall::deliver(ReplySink& origin, End how, EncodedReply reply) {
  if (!envelope_) return info_.oneway ? origin.oneway_ended() : origin.answered(call_id_, reply);
  std::string wrapped = home_.take_scratch();
  if (how == End::disagree) {
    router_->append_disagreement(wrapped, *envelope_);
  } else {
    const ForwardStatus status = is_refusal_ ? ForwardStatus::refused : ForwardStatus::answered;
    append_forward_reply(wrapped, *envelope_, status, info_.oneway ? std::string_view() : reply.bytes);
  }
  origin.answered(call_id_, {wrapped, &wrapped});
  home_.give_back(std::move(wrapped));
}

void PendingCall::tell_return() noexcept {
  waits_for_return_ = false;
  // Later: the connection may be in the middle of handing over this very message.
  home_.post([origin = origin_] { origin->returned(); });
}

void PendingCall::expire() noexcept {
  P2P_ASSERT_THREAD(home_.may_be_touched_here());
  // The holder may be writing to the codec right now, and to every flag that end() reads: this one is the loop's own.
  is_expired_ = true;
  if (waits_for_return_) tell_return();
  Run seen = Run::waits;
  const bool has_waited = run_.compare_exchange_strong(seen, Run::never) && !is_forwarded_ && !is_outcome_unknown_;
  Codec fresh;
  if (!is_silent_ && !info_.oneway) {
    std::string text = "no answer within [host] call_timeout";
    if (has_waited)
      text = fmt::format("{}the call has waited for its service for [host] call_timeout", kNotExecutedPrefix);
    encode_fault(fresh, info_, CallFault::internal_error, text);
  }
  deliver(*origin_.get(), End::answer, {fresh.out().written()});
}

void PendingCall::forget_caller() noexcept {
  P2P_ASSERT_THREAD(home_.may_be_touched_here());
  is_expired_ = has_no_caller_ = true;
  if (waits_for_return_) tell_return();
  // A holder other than the forwarder may be reading it right now.
  if (is_forwarded_) std::string().swap(kept_);
}

void PendingCall::forward(const NodeAddress& to, Duration deadline, std::function<void(Error, Call)> failed) {
  const bool is_in_handler = current_scope() != nullptr && current_scope()->pending == this;
  keep();
  mark_ended();
  forwarded_to_ = to;
  on_failed_forward_ = std::move(failed);
  if (home_.is_current()) {
    if (!is_in_handler) home_.refresh_now();
    start_forward(deadline);
  } else {
    home_.post([this, deadline] {
      home_.refresh_now();
      start_forward(deadline);
    });
  }
}

void PendingCall::start_forward(Duration deadline) {
  P2P_ASSERT_THREAD(home_.may_be_touched_here());
  if (!is_wanted()) return end_here(End::answer);
  home_.watch(this);
  is_forwarded_ = true;
  LoopCounts::bump(service_->counts(home_.number()).forwarded);
  router_->forwarder()->forward(*this, forwarded_to_, std::min(deadline_, home_.now() + deadline));
}

void PendingCall::replied(std::string_view reply) { router_->forwarder()->replied(*this, reply); }

void PendingCall::failed(Error error) { forward_failed(std::move(error)); }

void PendingCall::failed_unsent(Error error) { hand_back(std::move(error)); }

void PendingCall::forward_failed(Error error) {
  if (may_have_run(error.kind)) is_outcome_unknown_ = true;
  hand_back(std::move(error));
}

void PendingCall::hand_back(Error error) {
  // The caller has its answer, or is gone: this only ends the call.
  if (!is_wanted()) return end_here(End::answer);
  is_forwarded_ = false;
  const auto give_back = std::exchange(on_failed_forward_, nullptr);
  try {
    give_back(std::move(error), Call(this));
  } catch (const std::exception& failure) {
    router_->log().error("an exception left a service's handler of a failed forward: {}", failure.what());
  }
}

void PendingCall::dispatch_again() {
  keep();
  mark_ended();
  home_.post([this] {
    if (!is_wanted()) return end_here(End::answer);
    home_.refresh_now();
    home_.watch(this);
    router_->dispatch(*this);
  });
}

}  // namespace p2p::host
