// How does p2pctl talk to a node? Over one blocking connection with a time limit; calls name their service. Messages
// are unframed: the node may be of the 2009 system, which takes a frame for the beginning of a message, and serves
// nobody else while it waits for the rest. Thrift's exceptions become a Result here.
#pragma once

#include <p2p/node_address.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <thrift/protocol/TProtocol.h>
#include <thrift/transport/TSocket.h>

#include <exception>
#include <memory>
#include <string>
#include <type_traits>

namespace p2p::ctl {

// For Connection::ask: calls without a service name, the only ones that a node of the 2009 system understands.
inline constexpr const char* kNoService = "";

struct Timeouts {
  Duration connect = std::chrono::seconds(1);
  // A second above the node's default call_timeout: the node's answer says more than our timeout.
  Duration answer = std::chrono::seconds(6);
};

class Connection final {
 public:
  // Tries all addresses of a name until one accepts.
  static Result<Connection> open(const NodeAddress& node, const Timeouts& timeouts);
  static Result<Connection> open_admin(const std::string& socket_path, const Timeouts& timeouts);

  const std::string& peer() const noexcept { return peer_; }  // for messages: "127.0.0.1:9900"
  int handle() const noexcept;                                // of the socket, to wait for an answer

  // Runs `body(client)` with a generated client of `service`, or of kNoService. Kinds of errors: timed_out and closed
  // when the node did not answer, not_found when it has no such service (now), unsupported when it is no node of ours,
  // invalid when the store refuses the arguments.
  template <class Client, class Body>
  auto ask(const std::string& service, Body&& body) {
    using Told = std::invoke_result_t<Body, Client&>;
    using Answer = Result<std::conditional_t<std::is_void_v<Told>, Done, Told>>;
    try {
      Client client(protocol_of(service));
      if constexpr (std::is_void_v<Told>) {
        body(client);
        return Answer(Done{});
      } else {
        return Answer(body(client));
      }
    } catch (...) {
      return Answer(error_of(std::current_exception(), service));
    }
  }
  // The same for one method without arguments: ask("node", &NodeClient::status).
  template <class Client, class Reply>
  Result<Reply> ask(const std::string& service, void (Client::*method)(Reply&)) {
    return ask<Client>(service, [method](Client& client) {
      Reply reply;
      (client.*method)(reply);
      return reply;
    });
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
