// How does a service call the same service on another node? Through the host's peer connections: few, pipelined, with a
// deadline for every call. Encoding and decoding of messages are in <p2p/handlers.h>.
#pragma once

#include <p2p/node_address.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace p2p {

class P2P_API Peers {
 public:
  virtual ~Peers();

  // Sends `message` (one whole binary message without a service prefix, any sequence id) to `service` on `to`. `done`
  // runs exactly once on an I/O thread: with the whole reply message, or with kind refused (a connect failed), silent,
  // wrong_node, local, unreachable, overloaded or unsupported (nothing was executed; unsupported: use call_classic()),
  // timed_out or closed (it may have been), protocol, or cancelled (this node stops). A reply that carries a
  // TApplicationException is a reply. Calls to one node from one thread start there in the order of call(). [any
  // thread]
  virtual void call(const NodeAddress& to, std::string_view service, std::string message, Duration deadline,
                    std::function<void(Result<std::string>)> done) = 0;

  enum class Expect : std::uint8_t {
    reply,      // the method answers
    execution,  // it is oneway: the call ends when the other side has executed it and closed the connection
    nothing,    // it is oneway, and the other side may need us before it has executed it: the call has ended when it is
                // sent
  };

  // Calls a node of the 2009 system, or one of ours as if it were one, over a connection for this one call. `message`
  // names no service. Error kinds as above. [any thread]
  virtual void call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                            std::function<void(Result<std::string>)> done) = 0;
};

}  // namespace p2p
