// How does p2pctl talk to a node? Over one framed connection with a time limit, blocking; the services are told apart
// by name. Thrift's exceptions end here: what comes out is a Result.
#pragma once

#include <p2p/location.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <thrift/protocol/TProtocol.h>

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace p2p::ctl {

struct Timeouts {
  Duration connect = std::chrono::seconds(1);
  // A second above the node's own default call_timeout: its answer says more than ours.
  Duration answer = std::chrono::seconds(6);
};

class Connection final {
 public:
  static Result<Connection> open(const Location& node, const Timeouts& timeouts);
  static Result<Connection> open_admin(const std::string& socket_path, const Timeouts& timeouts);

  const std::string& peer() const noexcept { return peer_; }  // for messages: "127.0.0.1:9900"

  // Runs `body(client)` with a generated client of `service`. Kinds of errors: timed_out and closed when the node did
  // not answer, not_found when it says that there is no such service (now), invalid when the store refuses what it was
  // given.
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

  Connection(std::string peer, std::shared_ptr<Protocol> protocol)
      : peer_(std::move(peer)), protocol_(std::move(protocol)) {}

  std::shared_ptr<Protocol> protocol_of(const std::string& service) const;
  Error error_of(const std::exception_ptr& failure, const std::string& service) const;

  std::string peer_;
  std::shared_ptr<Protocol> protocol_;
};

}  // namespace p2p::ctl
