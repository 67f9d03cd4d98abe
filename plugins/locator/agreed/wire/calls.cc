#include "agreed/wire/calls.h"

#include "agreed/wire/limits.h"
#include "agreed/wire/malformed.h"
#include "agreed/wire/maps.h"
#include "agreed/wire/packed.h"
#include "agreed/wire/replies.h"
#include "agreed/wire/values.h"
#include "cluster/member/reports.h"

#include <utility>

namespace p2p::cluster::wire {

namespace {

namespace thrift = ::cluster_wire;

template <class ReadRequest>
Result<Received> received(const thrift::Sender& sender, ReadRequest&& read_request) {
  return result_of([&] {
    Received read{.from = from_wire(sender), .cluster = cluster_of(sender), .request = {}};
    read.request = read_request();
    return read;
  });
}

}  // namespace

Result<Received> read_call(const thrift::Cluster_renew_args& args) {
  return received(args.sender,
                  [&] { return Renew{.sent_at = sent_at(args.sent_at), .consents = unpack_consents(args.consents)}; });
}

Result<Received> read_call(const thrift::Cluster_prepare_args& args) {
  return received(args.sender, [&] { return Prepare{.slot = natural(args.slot), .ballot = from_wire(args.ballot)}; });
}

Result<Received> read_call(const thrift::Cluster_accept_args& args) {
  return received(args.sender, [&] {
    return Accept{.slot = natural(args.slot), .ballot = from_wire(args.ballot), .change = read_change(args.change)};
  });
}

Result<Received> read_call(const thrift::Cluster_announce_args& args) {
  return received(args.sender, [&] { return Announce{from_wire(args.update, cluster_of(args.sender))}; });
}

Result<Received> read_call(const thrift::Cluster_fetch_map_args& args) {
  return received(args.sender, [] { return FetchMap{}; });
}

Result<Received> read_call(const thrift::Cluster_adopt_args& args) {
  return received(args.sender, [&] { return Adopt{.update = from_wire(args.update, cluster_of(args.sender))}; });
}

Result<Received> read_call(const thrift::Cluster_suggest_args& args) {
  return received(args.sender, [&] { return Suggest{.requests = read_change(args.requests).requests}; });
}

Result<Received> read_call(const thrift::Cluster_begin_hand_over_args& args) {
  return received(args.sender, [&] {
    BeginHandOver hand_over{.partitions = unpack_consents(args.partitions), .to = unpack_ids(args.targets)};
    require(hand_over.partitions.size() == hand_over.to.size(), "each partition is handed over to one node");
    return hand_over;
  });
}

Result<Received> read_call(const thrift::Cluster_report_args& args) {
  return received(args.sender, [&] {
    Report report;
    Unpacker boots(args.boots);
    for (const NodeId& node : unpack_ids(args.nodes)) {
      require(report.gone.size() < kReportedMax, "more nodes are reported than anybody reports");
      report.gone.push_back({.node = node, .boot = boots.number(kNaturalMax)});
    }
    require(boots.at_end(), "each node has one boot number");
    return report;
  });
}

Result<Received> read_call(const thrift::Cluster_unheard_args& args) {
  return received(args.sender, [&] {
    Unheard unheard{.nodes = unpack_ids(args.nodes)};
    require(unheard.nodes.size() <= kMembersMax, "more nodes are named than there can be members");
    return unheard;
  });
}

Result<ReceivedJoin> read_join(const thrift::Cluster_join_args& args) {
  return result_of([&] {
    return ReceivedJoin{
        .from = from_wire(args.sender), .joiner = from_wire(args.joiner), .terms = from_wire(args.terms)};
  });
}

Result<Sender> read_watch(const thrift::Cluster_watch_args& args) {
  return result_of([&] { return from_wire(args.sender); });
}

}  // namespace p2p::cluster::wire
