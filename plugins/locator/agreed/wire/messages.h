// How do the messages of a cluster's members travel? As calls of the service Cluster (idl/cluster.thrift). Bytes from
// other nodes are checked here, so that the core sees only what can be. Nothing here throws. [any thread]
#pragma once

#include "agreed/refusal.h"
#include "agreed/terms.h"
#include "cluster/member/messages.h"

#include <p2p/node_address.h>
#include <p2p/result.h>

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace p2p::cluster::wire {

// A reply, who gives it, and the cluster that is a member of; empty: it has no map.
struct Replied {
  Sender from;
  ClusterId cluster;
  Reply reply;
  // To a joiner, without a map: whom the node waits for itself. At most kWaitsForMax are sent.
  std::vector<NodeAddress> waits_for = {};
};

// The other side could not take the call, or not answer it: the text of a TApplicationException. One that begins with
// kUnknownPrefix (<p2p/call.h>) comes from a node without such a service.
struct Fault {
  std::string text;
};

// How a call ended. An Error: of Peers::call, or kind protocol when the reply makes no sense.
using CallEnd = std::variant<Replied, Refused, Fault, Error>;

// --- the side that is asked

// An Error becomes a TApplicationException.
using Response = std::variant<Replied, Refused, Error>;

// Answers one call; may be kept. At most one call of it and its copies together: when the last of them goes without
// one, the caller gets an exception that says so. [any thread]
using Respond = std::function<void(const Response&)>;

// --- the caller's side: whole binary messages, for Peers::call

// Of every kind but AskToJoin, which has terms: that is encode_join()'s.
std::string encode_call(const Sender& from, const ClusterId& cluster, const MemberRequest& request);
std::string encode_join(const Sender& from, const Member& joiner, const Terms& terms);
std::string encode_watch(const Sender& from);

CallEnd read_reply(const Result<std::string>& reply);

}  // namespace p2p::cluster::wire
