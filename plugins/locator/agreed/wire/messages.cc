#include "agreed/wire/messages.h"

#include "agreed/wire/encoded.h"
#include "agreed/wire/maps.h"
#include "agreed/wire/packed.h"
#include "agreed/wire/replies.h"
#include "agreed/wire/values.h"

#include <p2p/handlers.h>

#include <Cluster.h>

#include <string>

namespace p2p::cluster::wire {

namespace {

namespace thrift = ::cluster_wire;

std::string encode(const thrift::Sender& from, const Renew& renew) {
  thrift::Cluster_renew_args args;
  args.sender = from;
  args.sent_at = to_wire(renew.sent_at);
  args.consents = pack(renew.consents);
  return p2p::encode_call("renew", args);
}

std::string encode(const thrift::Sender& from, const Prepare& prepare) {
  thrift::Cluster_prepare_args args;
  args.sender = from;
  args.slot = to_wire(prepare.slot);
  args.ballot = to_wire(prepare.ballot);
  return p2p::encode_call("prepare", args);
}

std::string encode(const thrift::Sender& from, const Accept& accept) {
  thrift::Cluster_accept_args args;
  args.sender = from;
  args.slot = to_wire(accept.slot);
  args.ballot = to_wire(accept.ballot);
  args.change = encode_change(accept.change);
  return p2p::encode_call("accept", args);
}

std::string encode(const thrift::Sender& from, const Announce& announce) {
  thrift::Cluster_announce_args args;
  args.sender = from;
  args.update = to_wire(*announce.update);
  return p2p::encode_call("announce", args);
}

std::string encode(const thrift::Sender& from, const FetchMap&) {
  thrift::Cluster_fetch_map_args args;
  args.sender = from;
  return p2p::encode_call("fetch_map", args);
}

std::string encode(const thrift::Sender& from, const Adopt& adopt) {
  thrift::Cluster_adopt_args args;
  args.sender = from;
  args.update = to_wire(adopt.update);
  return p2p::encode_call("adopt", args);
}

std::string encode(const thrift::Sender& from, const Suggest& suggest) {
  thrift::Cluster_suggest_args args;
  args.sender = from;
  args.requests = encode_change({suggest.requests});
  return p2p::encode_call("suggest", args);
}

std::string encode(const thrift::Sender&, const AskToJoin&) {
  P2P_ASSERT(false, "a node asks to join by its terms: encode_join()");
  return {};
}

std::string encode(const thrift::Sender& from, const BeginHandOver& hand_over) {
  thrift::Cluster_begin_hand_over_args args;
  args.sender = from;
  args.partitions = pack(hand_over.partitions);
  args.targets = pack(hand_over.to);
  return p2p::encode_call("begin_hand_over", args);
}

std::string encode(const thrift::Sender& from, const Report& report) {
  thrift::Cluster_report_args args;
  args.sender = from;
  std::vector<NodeId> nodes;
  Packer boots;
  for (const Report::Gone& gone : report.gone) {
    nodes.push_back(gone.node);
    boots.number(gone.boot);
  }
  args.nodes = pack(nodes);
  args.boots = std::move(boots).take();
  return p2p::encode_call("report", args);
}

std::string encode(const thrift::Sender& from, const Unheard& unheard) {
  thrift::Cluster_unheard_args args;
  args.sender = from;
  args.nodes = pack(unheard.nodes);
  return p2p::encode_call("unheard", args);
}

}  // namespace

std::string encode_call(const Sender& from, const ClusterId& cluster, const MemberRequest& request) {
  const thrift::Sender sender = to_wire(from, cluster);
  return std::visit([&](const auto& kind) { return encode(sender, kind); }, request);
}

std::string encode_join(const Sender& from, const Member& joiner, const Terms& terms) {
  thrift::Cluster_join_args args;
  args.sender = to_wire(from, {});
  args.joiner = to_wire(joiner);
  args.terms = to_wire(terms);
  return p2p::encode_call("join", args);
}

std::string encode_watch(const Sender& from) {
  thrift::Cluster_watch_args args;
  args.sender = to_wire(from, {});
  return p2p::encode_call("watch", args);
}

namespace {

// All methods' results have the same fields; their generated types differ in name.
CallEnd read_result(MessageBuffer& buffer) {
  thrift::Cluster_renew_result result;
  read_struct(buffer, result);
  if (result.__isset.refused) return from_wire(result.refused);
  require(result.__isset.success, "the reply holds neither an answer nor a refusal");
  return from_wire(result.success);
}

}  // namespace

CallEnd read_reply(const Result<std::string>& reply) {
  if (!reply.ok()) return reply.error();
  Codec codec;
  if (const auto begun = begin_reply(codec, reply.value()); !begun.ok()) {
    if (begun.error().kind == ErrorKind::refused) return Fault{begun.error().text};
    return begun.error();
  }
  Result<CallEnd> end = result_of([&] { return read_result(codec.in()); });
  if (end.ok()) return std::move(end).value();
  return Error{end.error().kind, "the reply makes no sense: " + end.error().text};
}

}  // namespace p2p::cluster::wire
