#include "peers/greeting.h"

#include "text/foreign_text.h"

#include <p2p/handlers.h>

namespace p2p::host {
namespace {

// A peer that breaks off or sends nonsense instead of a greeting is no node: an overloaded node answers a hello first.
Error not_answered(const Error& error, const NodeAddress& to) {
  const bool is_stranger = error.kind == ErrorKind::closed || error.kind == ErrorKind::protocol;
  if (!is_stranger) return error;
  return {ErrorKind::wrong_node, "what answers at " + to.name() + " is no node: " + error.text};
}

Error refused(const peer::HelloRefused& refused, const NodeAddress& to, RepeatedWarnings& refusals, TimePoint now,
              Logger& log) {
  const std::string text = to.name() + " refuses us: its " + foreign_text(refused.field) + " is '" +
                           foreign_text(refused.ours) + "', ours is '" + foreign_text(refused.theirs) + "'";
  if (const auto unsaid = refusals.due(to.name(), now)) {
    log.warn("{} ({} more since the last such line)", text, *unsaid);
  }
  // While versions change, two nodes of one network may not be able to talk.
  const ErrorKind kind = refused.field == "version" ? ErrorKind::protocol : ErrorKind::wrong_node;
  return {kind, text};
}

}  // namespace

Result<peer::HelloReply> judge_greeting(const Result<std::string>& reply, const NodeAddress& to, bool is_member,
                                        RepeatedWarnings& refusals, TimePoint now, Logger& log) {
  if (!reply.ok()) return not_answered(reply.error(), to);
  const auto hello = decode_reply<peer::Peer_hello_result>(reply.value());
  if (!hello.ok() && is_unknown_method(reply.value())) {
    return Error{ErrorKind::unsupported,
                 to.name() + " is a node of the 2009 system, and does not speak to nodes of ours"};
  }
  if (!hello.ok()) {
    return Error{ErrorKind::protocol, to.name() + " does not speak to nodes of ours: " + hello.error().text};
  }
  if (hello.value().__isset.refused) return refused(hello.value().refused, to, refusals, now, log);
  const auto& greeted = hello.value().success;
  if (greeted.__isset.node && greeted.node != to.name() && is_member) {
    return Error{ErrorKind::wrong_node, to.name() + " is gone: the node that answers there now is " + greeted.node};
  }
  return greeted;
}

}  // namespace p2p::host
