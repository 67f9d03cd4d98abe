#include "fake_node.h"

#include "placement/fingerprint.h"
#include "wire/frame.h"
#include "wire/probe.h"

#include <p2p/idl/Ring.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <stdexcept>

namespace p2p::client::test {
namespace {

bool receive(int socket, char* into, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::recv(socket, into, bytes, 0);
    if (got <= 0) return false;
    into += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

// Where a frame's length stands, an unframed message has its version. Only the probe comes so.
bool is_unframed(const char* head) { return static_cast<unsigned char>(*head) == 0x80; }

std::optional<Asked> read_call(int socket) {
  char head[kFrameHeadBytes];
  if (!receive(socket, head, sizeof head)) return std::nullopt;
  std::string message;
  const bool is_probe = is_unframed(head);
  if (is_probe) {
    message = probe_message();
    if (!receive(socket, message.data() + sizeof head, message.size() - sizeof head)) return std::nullopt;
  } else {
    message.resize(length_at({head, sizeof head}));
    if (!receive(socket, message.data(), message.size())) return std::nullopt;
  }
  Codec codec;
  codec.in().attach(message);
  std::string name;
  apache::thrift::protocol::TMessageType type{};
  Asked asked;
  asked.is_probe = is_probe;
  codec.binary_in().readMessageBegin(name, type, asked.sequence);
  const auto colon = name.find(':');
  asked.service = colon == std::string::npos ? "" : name.substr(0, colon);
  asked.method = colon == std::string::npos ? name : name.substr(colon + 1);
  asked.arguments = message.substr(message.size() - codec.in().unread());
  return asked;
}

void send_bytes(int socket, const std::string& bytes) {
  static_cast<void>(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void send_frame(int socket, const std::string& message) {
  std::string frame(kFrameHeadBytes, '\0');
  for (std::size_t at = 0; at < 4; ++at) frame[at] = static_cast<char>(message.size() >> (24 - 8 * at));
  frame += message;
  send_bytes(socket, frame);
}

// The result of a method that returns nothing.
struct Nothing {
  static void write(apache::thrift::protocol::TProtocol* out) { out->writeFieldStop(); }
};

}  // namespace

std::string exception_of(const Asked& asked, std::int32_t type, const std::string& text) {
  using apache::thrift::TApplicationException;
  const TApplicationException exception(static_cast<TApplicationException::TApplicationExceptionType>(type), text);
  Codec codec;
  codec.binary_out().writeMessageBegin(asked.method, apache::thrift::protocol::T_EXCEPTION, asked.sequence);
  exception.write(&codec.binary_out());
  return std::string(codec.out().written());
}

FakeNode::FakeNode() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  address_ = {"127.0.0.1", ntohs(at.sin_port)};
  acceptor_ = std::thread([this] {
    while (true) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      const std::lock_guard hold(mutex_);
      if (socket < 0 || is_gone_) {
        if (socket >= 0) ::close(socket);
        return;
      }
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  });
}

FakeNode::~FakeNode() {
  vanish();
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
}

void FakeNode::vanish() {
  {
    const std::lock_guard hold(mutex_);
    if (is_gone_) return;
    is_gone_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
}

void FakeNode::serve(int socket) {
  while (const auto asked = read_call(socket)) {
    const auto reply = answer(*asked);
    if (!reply) break;
    if (asked->is_probe) {
      send_bytes(socket, *reply);
    } else if (!reply->empty()) {
      send_frame(socket, *reply);
    }
  }
  ::shutdown(socket, SHUT_RDWR);
}

std::optional<std::string> FakeNode::answer(const Asked& asked) {
  const std::lock_guard hold(mutex_);
  ++asked_[asked.method];
  if (asked.is_probe) return probed_ ? probed_(asked) : reply_of(asked, Nothing());
  const bool is_about_ring = asked.method == "state" || asked.method == "state_since";
  if (is_about_ring && asked_for_ring_) return asked_for_ring_(asked);
  if (asked.method != "state") return script_ ? script_(asked) : std::string();
  if (!ring_) return exception_of(asked, 1, "p2p:unknown: " + asked.service);
  locator::Ring_state_result result;
  result.__isset.success = true;
  for (const NodeAddress& member : *ring_) result.success.members.push_back(to_wire(member));
  result.success.view = static_cast<std::int64_t>(view_of(*ring_));
  result.success.placement = "classic";
  if (level_ != 0) result.success.__set_level(level_);
  return reply_of(asked, result);
}

std::uint64_t FakeNode::view_of(const std::vector<NodeAddress>& members) {
  std::vector<std::string> names;
  for (const NodeAddress& member : members) names.push_back(member.classic_name());
  std::sort(names.begin(), names.end());
  return placement::fingerprint_of(names, "classic");
}

void FakeNode::tell_ring(std::vector<NodeAddress> members) {
  const std::lock_guard hold(mutex_);
  ring_ = std::move(members);
}

void FakeNode::tell_level(std::int32_t level) {
  const std::lock_guard hold(mutex_);
  level_ = level;
}

void FakeNode::apply_ring(Script script) {
  const std::lock_guard hold(mutex_);
  asked_for_ring_ = std::move(script);
}

void FakeNode::apply_probe(Script script) {
  const std::lock_guard hold(mutex_);
  probed_ = std::move(script);
}

void FakeNode::apply(Script script) {
  const std::lock_guard hold(mutex_);
  script_ = std::move(script);
}

int FakeNode::asked(const std::string& method) const {
  const std::lock_guard hold(mutex_);
  const auto found = asked_.find(method);
  return found == asked_.end() ? 0 : found->second;
}

}  // namespace p2p::client::test
