#include "ctl/connection.h"

#include "retry/faults.h"

#include <fmt/format.h>
#include <thrift/TApplicationException.h>
#include <thrift/TConfiguration.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <Store.h>
#include <cluster_view_types.h>

#include <string_view>

namespace p2p::ctl {
namespace {

namespace thrift = apache::thrift;
using thrift::transport::TSocket;
using thrift::transport::TTransportException;

// Above the longest message that a node can accept ([host] frame_bytes_max, up to 351MiB): Thrift's own limits would
// end the connection over values that the node stores.
constexpr int kMessageBytesMax = 352 << 20;

// A request leaves in one write, unless it carries a large value.
constexpr std::uint32_t kBufferBytes = 64 * 1024;

std::shared_ptr<thrift::TConfiguration> message_limits() {
  return std::make_shared<thrift::TConfiguration>(kMessageBytesMax, kMessageBytesMax);
}

int milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// Thrift appends the system's reason to its own text; an operator needs only that reason.
std::string reason_of(const TTransportException& failure) {
  const std::string text = failure.what();
  const auto colon = text.rfind(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

Error transport_error(const std::string& peer, const TTransportException& failure) {
  if (failure.getType() == TTransportException::TIMED_OUT) {
    return {ErrorKind::timed_out,
            fmt::format("{} did not answer in time; `p2pctl ping` shows whether it answers at all", peer)};
  }
  return {ErrorKind::closed, fmt::format("{} closed the connection before it answered ({})", peer, reason_of(failure))};
}

// Our hosts' texts begin like this when a request is unknown; any other node is not ours.
bool is_said_by_ours(std::string_view text) { return text.starts_with("p2p:") || text.starts_with("service '"); }

Error application_error(const std::string& peer, const std::string& service,
                        const thrift::TApplicationException& failure) {
  const std::string text = failure.what();
  if (failure.getType() == thrift::TApplicationException::UNKNOWN_METHOD) {
    if (!is_said_by_ours(text)) {
      if (service == kNoService) {
        return {ErrorKind::unsupported, fmt::format("{} is no node of a p2phost network: {}", peer, text)};
      }
      return {ErrorKind::unsupported,
              fmt::format("{} is no node of ours, but of the 2009 system, or another program: it does not know service "
                          "'{}'; ping, status, members and locate speak to such a node, all else wants --node of one "
                          "of ours",
                          peer, service)};
    }
    return {ErrorKind::not_found,
            fmt::format("{} does not serve '{}': {}; `p2pctl services` shows what it serves", peer, service, text)};
  }
  return {ErrorKind::internal, fmt::format("{} failed: {}", peer, text)};
}

}  // namespace

Connection::Connection(std::string peer, std::shared_ptr<Socket> socket, const Timeouts& timeouts)
    : peer_(std::move(peer)), socket_(std::move(socket)) {
  socket_->setConnTimeout(milliseconds(timeouts.connect));
  socket_->setRecvTimeout(milliseconds(timeouts.answer));
  socket_->setSendTimeout(milliseconds(timeouts.answer));
  socket_->open();
  protocol_ = std::make_shared<thrift::protocol::TBinaryProtocol>(
      std::make_shared<thrift::transport::TBufferedTransport>(socket_, kBufferBytes, message_limits()));
}

Result<Connection> Connection::open(const NodeAddress& node, const Timeouts& timeouts) {
  try {
    return Connection(node.name(), std::make_shared<TSocket>(node.host, node.port, message_limits()), timeouts);
  } catch (const TTransportException& failure) {
    return Error{ErrorKind::refused, fmt::format("no node reached at {}: {}", node.name(), reason_of(failure))};
  }
}

Result<Connection> Connection::open_admin(const std::string& socket_path, const Timeouts& timeouts) {
  try {
    return Connection(socket_path, std::make_shared<TSocket>(socket_path, message_limits()), timeouts);
  } catch (const TTransportException& failure) {
    return Error{
        ErrorKind::refused,
        fmt::format(
            "cannot open the admin socket {}: {}; run p2pctl on the node's machine, as the user that runs the node",
            socket_path, reason_of(failure))};
  }
}

std::shared_ptr<thrift::protocol::TProtocol> Connection::protocol_of(const std::string& service) const {
  if (service.empty()) return protocol_;
  return std::make_shared<thrift::protocol::TMultiplexedProtocol>(protocol_, service);
}

int Connection::handle() const noexcept { return socket_->getSocketFD(); }

Error Connection::error_of(const std::exception_ptr& failure, const std::string& service) const {
  try {
    std::rethrow_exception(failure);
  } catch (const diststore::StoreError& error) {
    return {retry::fault_of_store_error(error.kind).kind, fmt::format("{}: {}", peer_, error.message)};
  } catch (const cluster_view::Refused& refused) {
    return {ErrorKind::invalid, fmt::format("{}: {}", peer_, refused.why)};
  } catch (const TTransportException& error) {
    return transport_error(peer_, error);
  } catch (const thrift::TApplicationException& error) {
    return application_error(peer_, service, error);
  } catch (const std::exception& error) {
    return {ErrorKind::protocol, fmt::format("{} answered something else than a node does: {}", peer_, error.what())};
  }
}

}  // namespace p2p::ctl
