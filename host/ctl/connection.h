// How does p2pctl talk to a node? Over one connection with a time limit, blocking; the services are told apart by name.
// Messages are unframed: whoever answers may be a node of the 2009 system, which takes a frame for the begin of a
// message, and serves nobody else while it waits for the rest. Thrift's exceptions end here: what comes out is a
// Result.
#pragma once

#include <p2p/location.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <thrift/protocol/TProtocol.h>
#include <thrift/transport/TSocket.h>

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace p2p::ctl {

// For Connection::ask: calls that name no service, which is all that a node of the 2009 system understands.
inline constexpr const char* kNoService = "";

struct Timeouts {
  Duration connect = std::chrono::seconds(1);
  // A second above the node's own default call_timeout: its answer says more than ours.
  Duration answer = std::chrono::seconds(6);
};

class Connection final {
 public:
  // A name is tried by all of its addresses, until one accepts.
  static Result<Connection> open(const Location& node, const Timeouts& timeouts);
  static Result<Connection> open_admin(const std::string& socket_path, const Timeouts& timeouts);

  const std::string& peer() const noexcept { return peer_; }  // for messages: "127.0.0.1:9900"
  int handle() const noexcept;                                // of the socket, to wait for an answer

  // Runs `body(client)` with a generated client of `service`, or of kNoService. Kinds of errors: timed_out and closed
  // when the node did not answer, not_found when it says that there is no such service (now), unsupported when it is no
  // node of ours, invalid when the store refuses what it was given.
  template <class Client, class Body>
  auto ask(const std::string& service, Body&& body) -> Result<std::invoke_result_t<Body, Client&>> {
    try {
      Client client(protocol_of(service));
      return body(client);
    } catch (...) {
      return error_of(std::current_exception(), service);
    }
  }

 private:
  using Protocol = apache::thrift::protocol::TProtocol;

  using Socket = apache::thrift::transport::TSocket;

  Connection(std::string peer, std::shared_ptr<Socket> socket, const Timeouts& timeouts);  // opens it

  std::shared_ptr<Protocol> protocol_of(const std::string& service) const;
  Error error_of(const std::exception_ptr& failure, const std::string& service) const;

  std::string peer_;
  std::shared_ptr<Socket> socket_;
  std::shared_ptr<Protocol> protocol_;
};

}  // namespace p2p::ctl
