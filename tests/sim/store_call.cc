#include "store_call.h"

#include "store_node.h"

#include "retry/faults.h"

#include <fmt/format.h>

#include <utility>

namespace p2p::sim {

using apache::thrift::protocol::TMessageType;

namespace {

std::string method_of(const std::string& message) {
  Codec codec;
  codec.in().attach(message);
  std::string name;
  TMessageType type{};
  std::int32_t sequence = 0;
  codec.binary_in().readMessageBegin(name, type, sequence);
  return name;
}

}  // namespace

std::string StoreCall::encode_fault(std::string_view method, CallFault fault, std::string_view text) {
  using Fault = apache::thrift::TApplicationException;
  Codec codec;
  codec.binary_out().writeMessageBegin(std::string(method), apache::thrift::protocol::T_EXCEPTION, 0);
  Fault(static_cast<Fault::TApplicationExceptionType>(fault), std::string(text)).write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

StoreCall::StoreCall(StoreNode& node, Endpoint& endpoint, Arrival arrival)
    : node_(node),
      process_(node.process()),
      endpoint_(endpoint),
      arrival_(std::move(arrival)),
      method_(method_of(arrival_.message)),
      deadline_(process_->time().now() + kStoreCallTimeout) {
  info_.service = arrival_.service;
  info_.method = method_;
  info_.hops = arrival_.hops;
}

bool StoreCall::is_wanted() const { return !has_expired_ && !(arrival_.exchange && arrival_.exchange->is_cut); }

void StoreCall::trace(const char* what, const std::string& bytes) const {
  const auto& say = node_.network().trace;
  if (!say) return;
  say(fmt::format("{} {} {}:{}, hop {}: {}", node_.self().port, what, arrival_.service, method_, arrival_.hops,
                  printable(bytes)));
}

void StoreCall::dispatch() {
  if (!self_) begin();
  trace("takes", arrival_.message);
  if (node_.parks(method_, arrival_.service)) return node_.park(Call(this));
  has_begun_ = true;
  codec_.emplace();
  codec_->in().attach(arrival_.message);
  std::string name;
  TMessageType type{};
  std::int32_t sequence = 0;
  codec_->binary_in().readMessageBegin(name, type, sequence);
  endpoint_.handle(Call(this));
}

void StoreCall::begin() {
  self_ = shared_from_this();
  process_->time().at(deadline_, [weak = weak_from_this()] {
    if (const auto call = weak.lock()) call->process_->run([call] { call->expire(); });
  });
}

void StoreCall::expire() {
  if (!self_ || std::exchange(has_expired_, true)) return;
  const bool has_waited = !has_begun_ && !is_outcome_unknown_;
  const std::string text = (has_waited ? std::string(kNotExecutedPrefix) : std::string()) + "no answer in time";
  tell({StoreReply::Status::answered, encode_fault(method_, CallFault::internal_error, text)});
}

void StoreCall::tell(StoreReply reply) {
  trace(reply.status == StoreReply::Status::answered ? "answers" : "returns", reply.bytes);
  if (const auto ended = std::exchange(arrival_.ended, nullptr)) ended(std::move(reply));
}

// The caller is within a method of this object, and may look at its message until it returns.
void StoreCall::let_go() {
  on_failed_forward_ = nullptr;
  if (process_->is_running()) {
    node_.bury(std::move(self_));
  } else {
    self_.reset();
  }
}

void StoreCall::end(StoreReply reply) {
  if (process_->is_running()) tell(std::move(reply));
  let_go();
}

void StoreCall::finish() noexcept { end({StoreReply::Status::answered, std::string(codec_->out().written())}); }

void StoreCall::fail(CallFault fault, std::string_view text) noexcept {
  std::string corrected(text);
  if (is_outcome_unknown_ && (fault != CallFault::internal_error || retry::is_refusal(fault, text))) {
    fault = CallFault::internal_error;
    corrected = std::string(kUnknownOutcomePrefix) + "an earlier attempt may have been executed: " + corrected;
  }
  const bool is_refused = arrival_.hops > 0 && retry::is_refusal(fault, corrected);
  end({is_refused ? StoreReply::Status::refused : StoreReply::Status::answered,
       encode_fault(method_, fault, corrected)});
}

void StoreCall::abandon() noexcept {
  if (is_silent_) return end({});
  fail(CallFault::internal_error, "the service let go of the call without an answer");
}

void StoreCall::disagree() noexcept {
  if (arrival_.hops == 0) return fail(CallFault::internal_error, "nobody has forwarded the call");
  end({StoreReply::Status::view_differs, node_.locator().encode_table()});
}

// What is never run lets go of the call, like any holder.
void StoreCall::dispatch_again() {
  node_.post([held = std::make_shared<Call>(this)] {
    auto* const call = static_cast<StoreCall*>(held->take());
    if (!call->is_wanted()) return call->end({});
    call->dispatch();
  });
}

void StoreCall::forward(const NodeAddress& to, Duration deadline, std::function<void(Error, Call)> failed) {
  on_failed_forward_ = std::move(failed);
  if (!is_wanted()) return end({});
  node_.forward(to, arrival_.service, arrival_.message, std::min(deadline, deadline_ - process_->time().now()),
                [held = std::make_shared<Call>(this), to](const Result<StoreReply>& reply) {
                  static_cast<StoreCall*>(held->take())->forwarded(to, reply);
                });
}

void StoreCall::forwarded(const NodeAddress& to, const Result<StoreReply>& reply) {
  if (!reply.ok()) {
    is_outcome_unknown_ = is_outcome_unknown_ || may_have_run(reply.error().kind);
    return hand_back(reply.error());
  }
  switch (reply.value().status) {
    case StoreReply::Status::answered:
      return end(reply.value());
    case StoreReply::Status::view_differs:
      node_.locator().merge_table(to, reply.value().bytes);
      return hand_back({ErrorKind::not_found, to.name() + " does not own the key by its view"});
    case StoreReply::Status::unsupported:
      return hand_back({ErrorKind::unsupported, to.name() + " is of the 2009 system"});
    case StoreReply::Status::refused:
      return hand_back({ErrorKind::cancelled, to.name() + " refuses"});
  }
}

void StoreCall::hand_back(Error error) {
  if (!is_wanted()) return end({});
  const auto give_back = std::exchange(on_failed_forward_, nullptr);
  give_back(std::move(error), Call(this));
}

}  // namespace p2p::sim
