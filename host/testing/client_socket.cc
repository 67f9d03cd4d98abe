#include "testing/client_socket.h"

#include <p2p/testing.h>

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

namespace p2p::testing {

namespace protocol = apache::thrift::protocol;
namespace transport = apache::thrift::transport;

std::shared_ptr<protocol::TProtocol> OpenSockets::connect(const NodeAddress& to, const std::string& service) {
  return connect(std::make_shared<transport::TSocket>(to.host, to.port), service);
}

std::shared_ptr<protocol::TProtocol> OpenSockets::connect_admin(const std::filesystem::path& socket,
                                                                const std::string& service) {
  return connect(std::make_shared<transport::TSocket>(socket.string()), service);
}

std::shared_ptr<protocol::TProtocol> OpenSockets::connect(const std::shared_ptr<transport::TSocket>& socket,
                                                          const std::string& service) {
  constexpr int patience_ms = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count();
  socket->setConnTimeout(patience_ms);
  socket->setSendTimeout(patience_ms);
  socket->setRecvTimeout(patience_ms);
  socket->open();
  {
    const std::lock_guard hold(mutex_);
    std::erase_if(made_, [](const auto& known) { return known.expired(); });
    made_.push_back(socket);
  }
  auto binary = std::make_shared<protocol::TBinaryProtocol>(std::make_shared<transport::TFramedTransport>(socket));
  if (service.empty()) return binary;
  return std::make_shared<protocol::TMultiplexedProtocol>(binary, service);
}

std::vector<int> OpenSockets::descriptors() const {
  const std::lock_guard hold(mutex_);
  std::vector<int> open;
  for (const auto& known : made_) {
    if (const auto socket = known.lock(); socket && socket->isOpen()) open.push_back(socket->getSocketFD());
  }
  return open;
}

}  // namespace p2p::testing
