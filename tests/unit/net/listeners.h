// Where connections are made to in tests: listeners on loopback, at ports of the system's choice.
#pragma once

#include "net/asio.h"

#include <p2p/node_address.h>

#include <sys/socket.h>

#include <vector>

namespace p2p::net {

// Its queue is full, so that it does not answer, as a machine that is switched off.
class FullListener {
 public:
  explicit FullListener(const NodeAddress& at) {
    full_.open(asio::ip::tcp::v4());
    full_.bind({asio::ip::make_address(at.host), at.port});
    full_.listen(0);
    const auto endpoint = full_.local_endpoint();
    for (int more_than_it_queues = 0; more_than_it_queues < 3; ++more_than_it_queues) {
      waiting_.emplace_back(context_).open(asio::ip::tcp::v4());
      waiting_.back().native_non_blocking(true);
      (void)::connect(waiting_.back().native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    }
  }
  NodeAddress address() const { return {full_.local_endpoint().address().to_string(), full_.local_endpoint().port()}; }

 private:
  asio::io_context context_;
  asio::ip::tcp::acceptor full_{context_};
  std::vector<asio::ip::tcp::socket> waiting_;
};

// Accepts, as the system does by itself.
class Listener {
 public:
  Listener() : listening_(context_, {asio::ip::address_v4::loopback(), 0}) {}
  NodeAddress address() const { return {"127.0.0.1", listening_.local_endpoint().port()}; }

 private:
  asio::io_context context_;
  asio::ip::tcp::acceptor listening_;
};

// Has its port, so that nobody else gets it, and listens not: connects are refused.
class Refuser {
 public:
  Refuser() : bound_(context_, {asio::ip::address_v4::loopback(), 0}) {}
  NodeAddress address() const { return {"127.0.0.1", bound_.local_endpoint().port()}; }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket bound_;
};

}  // namespace p2p::net
