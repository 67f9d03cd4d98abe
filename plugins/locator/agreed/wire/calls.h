// What does another node ask, by the arguments of a call of the service Cluster? Part of wire/.
#pragma once

#include "agreed/terms.h"
#include "cluster/member/messages.h"

#include <p2p/result.h>

#include <Cluster.h>

namespace p2p::cluster::wire {

struct Received {
  Sender from;
  ClusterId cluster;  // empty: the sender has no map
  MemberRequest request;
};

struct ReceivedJoin {
  Sender from;
  Member joiner;
  Terms terms;
};

Result<Received> read_call(const ::cluster_wire::Cluster_renew_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_prepare_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_accept_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_announce_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_fetch_map_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_adopt_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_suggest_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_begin_hand_over_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_report_args& args);
Result<Received> read_call(const ::cluster_wire::Cluster_unheard_args& args);
Result<ReceivedJoin> read_join(const ::cluster_wire::Cluster_join_args& args);
Result<Sender> read_watch(const ::cluster_wire::Cluster_watch_args& args);

}  // namespace p2p::cluster::wire
