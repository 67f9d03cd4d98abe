// The shell's calls to other nodes, and theirs.
#include "agreed/replica_shell.h"

#include <p2p/binary_writer.h>

#include <thrift/protocol/TProtocol.h>

namespace p2p::diststore::agreed {

using replication::Moment;
using replication::Node;

namespace {

// The head of the reply; the result follows.
std::string& begin_reply_to(Call& call) {
  CallState& state = *call.state();
  BinaryPiece<64> head;
  head.message(apache::thrift::protocol::T_REPLY, state.info().method, state.info().sequence);
  std::string& out = state.codec().out().block();
  out.append(head.written());
  return out;
}

// What a node sends is in the binary protocol.
template <class Read>
auto arguments_of(Call& call, Read read) -> decltype(read(std::string_view{})) {
  if (call.info().encoding != Encoding::binary) return Error{ErrorKind::protocol, "it is not in the binary protocol"};
  return read(call.state()->codec().in().rest());
}

// This node's host surely did not send the call, and that says nothing about the other node.
bool is_unsent(ErrorKind kind) {
  return kind == ErrorKind::overloaded || kind == ErrorKind::local || kind == ErrorKind::cancelled;
}

}  // namespace

// --- what other nodes ask --------------------------------------------------------------------------------------------

void ReplicaShell::add_methods(Methods& methods) {
  const auto set = [&](const char* method, auto decode, auto event_of) {
    methods.set(method, [weak = weak_from_this(), decode, event_of](Call call) {
      const auto self = weak.lock();
      if (self == nullptr) return;
      auto arguments = arguments_of(call, decode);
      if (arguments.ok()) return self->push(Event(event_of(arguments.value(), std::move(call))));
      if (const auto unsaid = self->warnings_.due("", self->environment_.strand->now()))
        self->environment_.log.warn("a store's message is refused: {} ({} more)", arguments.error().text, *unsaid);
      call.fail(CallFault::protocol_error, arguments.error().text);
    });
  };
  set("open", wire::read_open, [](wire::Open& open, Call call) {
    return OpenCall{std::string(open.caller), std::string(open.callee), open.session, std::move(call)};
  });
  set("deliver", wire::read_said, [](wire::Said& said, Call call) {
    return SaidCall{std::move(said), false, std::move(call)};
  });
  set("answer", wire::read_said, [](wire::Said& said, Call call) {
    return SaidCall{std::move(said), true, std::move(call)};
  });
  set("end_session", wire::read_end, [](SessionId& session, Call call) { return EndCall{session, std::move(call)}; });
}

void ReplicaShell::on(OpenCall& open, Moment moment) {
  const auto caller = numbers_.find(open.caller);
  const char* why = nullptr;
  if (is_halted_.load(std::memory_order_relaxed))
    why = "the store is stopping";
  else if (open.callee != self_)
    why = "another node is at this address";
  else if (caller == numbers_.end())
    why = "the caller is not in the map of this node";
  if (why == nullptr) {
    sessions_.on_open(caller->second, open.session, session_effects_);
    heed_sessions(moment);
  }
  wire::append_opened(begin_reply_to(open.call), why == nullptr, why == nullptr ? "" : why);
  open.call.take()->finish();
}

void ReplicaShell::on(SaidCall& said, Moment moment) {
  if (said.is_answer) {
    const bool is_taken = links_.on_answer(said.said.session, std::move(said.said.said), moment.now, link_effects_);
    heed_links(moment);
    wire::append_answered(begin_reply_to(said.call), is_taken);
    return said.call.take()->finish();
  }
  const CallToken token = ++last_call_;
  calls_.emplace(token, std::move(said.call));
  sessions_.on_deliver(said.said.session, std::move(said.said.said), token, session_effects_);
  heed_sessions(moment);
}

void ReplicaShell::on(EndCall& end, Moment moment) {
  links_.on_end(end.session, moment.now, link_effects_);
  heed_links(moment);
  begin_reply_to(end.call).push_back(apache::thrift::protocol::T_STOP);
  end.call.take()->finish();
}

void ReplicaShell::heed_sessions(Moment moment) {
  for (const Node node : session_effects_.gone) replicas_->on_peer_gone(node);
  session_effects_.gone.clear();
  for (SessionEffects::Said& said : session_effects_.said)
    for (replication::Message& message : said.messages)
      if (!is_from_copy(message)) replicas_->on_message(said.from, std::move(message), moment, effects_);
  session_effects_.said.clear();
}

void ReplicaShell::reply() {
  for (SessionEffects::Reply& reply : session_effects_.replies) {
    const auto found = calls_.extract(reply.call);
    if (found.empty()) continue;
    wire::append_delivered(begin_reply_to(found.mapped()),
                           {.is_taken = reply.is_taken, .answers = std::move(reply.answers)});
    found.mapped().take()->finish();
  }
  session_effects_.replies.clear();
}

// --- what this node asks ---------------------------------------------------------------------------------------------

// `ended` makes the event from the reply. Where nobody is known under that number, the call has failed.
template <class Ended>
void ReplicaShell::call(Node to, std::string message, Duration deadline, Ended ended) {
  if (to >= members_.size() || !members_[to].is_known)
    return push(Event(ended(Result<std::string>(Error{ErrorKind::unreachable, "no such node is known"}))));
  environment_.peers.call(members_[to].address, part_, std::move(message), deadline,
                          [weak = weak_from_this(), ended](const Result<std::string>& reply) {
                            if (const auto self = weak.lock()) self->push(Event(ended(reply)));
                          });
}

void ReplicaShell::make_calls() {
  for (const LinkEffects::Open& open : link_effects_.opens) {
    const std::string callee = open.to < members_.size() ? members_[open.to].id : std::string();
    call(open.to, wire::encode_open(open.session, self_, callee), kOpenDeadline,
         [to = open.to, session = open.session](const Result<std::string>& reply) {
           return OpenEnded{to, session,
                            reply.ok() ? wire::read_opened(reply.value()) : Result<wire::Opened>(reply.error())};
         });
  }
  for (const LinkEffects::Deliver& deliver : link_effects_.delivers)
    call(deliver.to, wire::encode_deliver(deliver.session, *deliver.said), deliver.deadline,
         [to = deliver.to, session = deliver.session, number = deliver.said->number](const Result<std::string>& reply) {
           return DeliverEnded{
               to, session, number,
               reply.ok() ? wire::read_delivered(reply.value()) : Result<wire::Delivered>(reply.error())};
         });
  link_effects_.clear();
  for (const SessionEffects::Answer& answer : session_effects_.answers)
    call(answer.to, wire::encode_answer(answer.session, answer.said), kAnswerDeadline,
         [session = answer.session](const Result<std::string>& reply) {
           using Outcome = IncomingSessions::Outcome;
           if (!reply.ok())
             return AnswerEnded{session, is_unsent(reply.error().kind) ? Outcome::unsent : Outcome::failed};
           const auto answered = wire::read_answered(reply.value());
           if (!answered.ok()) return AnswerEnded{session, Outcome::failed};
           return AnswerEnded{session, answered.value() ? Outcome::taken : Outcome::not_taken};
         });
  session_effects_.answers.clear();
  // Who does not hear of it notices by what it says next.
  for (const SessionEffects::End& end : session_effects_.ends)
    if (end.to < members_.size() && members_[end.to].is_known)
      environment_.peers.call(members_[end.to].address, part_, wire::encode_end(end.session), kAnswerDeadline,
                              [](const Result<std::string>&) {});
  session_effects_.ends.clear();
}

void ReplicaShell::on(OpenEnded& ended, Moment moment) {
  const bool is_taken = ended.reply.ok() && ended.reply.value().is_taken;
  if (!ended.reply.ok() && ended.reply.error().kind == ErrorKind::protocol)
    warn(ended.to, "answers", ended.reply.error());
  // Either of the two may not know of the other yet.
  if (ended.reply.ok() && !is_taken) compare_maps(ended.to, moment.now);
  if (!ended.reply.ok() && is_unsent(ended.reply.error().kind))
    links_.on_unsent(ended.to, ended.session, 0, moment.now, link_effects_);
  else
    links_.on_opened(ended.to, ended.session, is_taken, moment.now, link_effects_);
  heed_links(moment);
}

void ReplicaShell::on(DeliverEnded& ended, Moment moment) {
  const bool is_taken = ended.reply.ok() && ended.reply.value().is_taken;
  if (!ended.reply.ok()) warn(ended.to, "does not take what its copies are told", ended.reply.error());
  if (!ended.reply.ok() && is_unsent(ended.reply.error().kind))
    links_.on_unsent(ended.to, ended.session, ended.number, moment.now, link_effects_);
  else
    links_.on_delivered(ended.to, ended.session, ended.number, is_taken ? &ended.reply.value().answers : nullptr,
                        moment.now, link_effects_);
  heed_links(moment);
}

void ReplicaShell::on(const AnswerEnded& ended, Moment moment) {
  sessions_.on_answered(ended.session, ended.outcome, moment.now, session_effects_);
  heed_sessions(moment);
}

void ReplicaShell::heed_links(Moment moment) {
  if (is_halted_.load(std::memory_order_relaxed)) return;
  for (const Node node : link_effects_.disconnected) replicas_->on_disconnected(node, moment);
  // (I1) The time in which it may be dialled begins anew.
  for (const Node node : link_effects_.excused) replicas_->on_disconnected(node, moment);
  for (const Node node : link_effects_.connected) replicas_->on_connected(node, moment, effects_);
  for (const auto& [node, is_overfull] : link_effects_.overfull) replicas_->set_overfull(node, is_overfull);
  for (const auto& [node, allowance] : link_effects_.allowances) replicas_->allow(node, allowance, moment.now);
  for (LinkEffects::Answers& answers : link_effects_.answers)
    for (replication::Message& message : answers.messages)
      if (is_from_copy(message)) replicas_->on_message(answers.from, std::move(message), moment, effects_);
  link_effects_.disconnected.clear();
  link_effects_.excused.clear();
  link_effects_.connected.clear();
  link_effects_.overfull.clear();
  link_effects_.allowances.clear();
  link_effects_.answers.clear();
}

void ReplicaShell::warn(Node about, std::string_view what, const Error& why) {
  if (about >= members_.size()) return;
  const std::string name = members_[about].address.name();
  if (const auto unsaid = warnings_.due(name, environment_.strand->now()))
    environment_.log.warn("{} {}: {} ({} more)", name, what, why.text, *unsaid);
}

}  // namespace p2p::diststore::agreed
