// How does a test reach its node? As any client does: a TCP connection that speaks Thrift's framed binary protocol.
#pragma once

#include <p2p/node_address.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace apache::thrift {
namespace protocol {
class TProtocol;
}
namespace transport {
class TSocket;
}
}  // namespace apache::thrift

namespace p2p::testing {

// Remembers the connections that it made, so that open ones are not taken for a node's. [any thread]
class OpenSockets final {
 public:
  // Calls go to `service`, or to the default service when it is empty. Throws what Thrift throws when nobody listens
  // there.
  std::shared_ptr<apache::thrift::protocol::TProtocol> connect(const NodeAddress& to, const std::string& service);

  // The same over the operators' socket.
  std::shared_ptr<apache::thrift::protocol::TProtocol> connect_admin(const std::filesystem::path& socket,
                                                                     const std::string& service);

  std::vector<int> descriptors() const;

 private:
  std::shared_ptr<apache::thrift::protocol::TProtocol> connect(
      const std::shared_ptr<apache::thrift::transport::TSocket>& socket, const std::string& service);

  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<apache::thrift::transport::TSocket>> made_;
};

}  // namespace p2p::testing
