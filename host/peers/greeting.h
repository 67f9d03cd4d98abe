// What does the answer to a hello tell about its sender? It is a node of ours that may be called, one of the 2009
// system, or something else in a node's place.
#pragma once

#include <p2p/log.h>
#include <p2p/node_address.h>
#include <p2p/repeated_warnings.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <Peer.h>

#include <string>

namespace p2p::host {

// The node's reply: calls may follow. Otherwise an Error that names `to`:
//   unsupported  it is of the 2009 system: it does not know the call
//   wrong_node   something else answers there: bytes that are no answer, the end of the connection instead of one,
//                a node of another network, or (where `to` is a member) a node of another name
//   timed_out    no answer yet: it may be starting, frozen or overloaded
//   protocol     it is a node of ours, and cannot talk to us
// The error of `reply` says what ended the hello. Logs refusals, for each node once a minute.
Result<peer::HelloReply> judge_greeting(const Result<std::string>& reply, const NodeAddress& to, bool is_member,
                                        RepeatedWarnings& refusals, TimePoint now, Logger& log);

}  // namespace p2p::host
