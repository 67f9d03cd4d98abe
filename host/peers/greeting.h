// What does the answer to a hello say about its sender? It is one of our nodes and may be called, or a node of the 2009
// system, or something else at a node's address.
#pragma once

#include <p2p/log.h>
#include <p2p/node_address.h>
#include <p2p/repeated_warnings.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <Peer.h>

#include <string>

namespace p2p::host {

// Returns the node's reply: calls may follow. Otherwise an Error that names `to`:
//   unsupported  it is of the 2009 system: it does not know the call
//   wrong_node   something else answers there: bytes that are not an answer, or the end of the connection,
//                a node of another network, or (where `to` is a member) a node of another name
//   timed_out    no answer yet: it may be starting, frozen or overloaded
//   protocol     it is one of our nodes, but of another version or with a malformed answer
// An error in `reply` says why the hello got no answer. Logs refusals once a minute per node.
Result<peer::HelloReply> judge_greeting(const Result<std::string>& reply, const NodeAddress& to, bool is_member,
                                        RepeatedWarnings& refusals, TimePoint now, Logger& log);

}  // namespace p2p::host
