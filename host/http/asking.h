// How does HTTP ask a service of this node by its generated client? The reply comes later, on the same loop.
#pragma once

#include "http/asked_service.h"

#include <cluster_view_types.h>
#include <thrift/TApplicationException.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::host {

// What a generated client sends, and reads the reply of.
template <class Client>
class Conversation final {
 public:
  Conversation()
      : buffer_(std::make_shared<apache::thrift::transport::TMemoryBuffer>()),
        client_(std::make_shared<apache::thrift::protocol::TBinaryProtocol>(buffer_)) {}

  Client& client() noexcept { return client_; }
  std::string sent() {
    std::string message = buffer_->getBufferAsString();
    buffer_->resetBuffer();
    return message;
  }
  void received(std::string_view reply) {
    buffer_->write(reinterpret_cast<const std::uint8_t*>(reply.data()), static_cast<std::uint32_t>(reply.size()));
  }

 private:
  std::shared_ptr<apache::thrift::transport::TMemoryBuffer> buffer_;
  Client client_;
};

// Why a call brought no answer.
struct NoAnswer {
  std::string why;
  bool is_unknown = false;  // the node has no such service or method
};

// Calls `send(client)` on `service`; then, once, `done` with what `receive(client)` reads of the reply, or `failed`
// with why there is nothing to read. [own loop]
template <class Client, class Send, class Receive, class Done, class Failed>
void ask(Loop& loop, ServiceRouter& router, const char* service, Send send, Receive receive, Done done, Failed failed) {
  const auto talk = std::make_shared<Conversation<Client>>();
  send(talk->client());
  ask_service(loop, router, service, talk->sent(), [=](std::string_view reply) {
    std::optional<decltype(receive(talk->client()))> read;
    NoAnswer none;
    try {
      talk->received(reply);
      read = receive(talk->client());
    } catch (const cluster_view::Refused& refused) {
      none = {refused.why};
    } catch (const apache::thrift::TApplicationException& failure) {
      none = {failure.what(), failure.getType() == apache::thrift::TApplicationException::UNKNOWN_METHOD};
    } catch (const std::exception& failure) {
      none = {failure.what()};
    }
    read ? done(*read) : failed(none);
  });
}

}  // namespace p2p::host
