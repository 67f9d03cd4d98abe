// What if a node did this? A listener on loopback that reads real frames and answers as the test says: with a reply,
// with nothing, or by closing the connection.
#pragma once

#include <p2p/handlers.h>
#include <p2p/node_address.h>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace p2p::client::test {

struct Asked {
  std::string service;
  std::string method;
  std::int32_t sequence = 0;
  std::string arguments;  // encoded
  bool is_probe = false;  // unframed: is this a node of ours?
};

// The whole reply message, empty for no reply at all; nothing to close the connection.
using Script = std::function<std::optional<std::string>(const Asked&)>;

// A reply with a generated result.
template <class GeneratedResult>
std::string reply_of(const Asked& asked, const GeneratedResult& result) {
  Codec codec;
  codec.binary_out().writeMessageBegin(asked.method, apache::thrift::protocol::T_REPLY, asked.sequence);
  result.write(&codec.binary_out());
  return std::string(codec.out().written());
}
std::string exception_of(const Asked& asked, std::int32_t type, const std::string& text);

// Each connection has a thread; the script runs on any of them, one at a time.
class FakeNode final {
 public:
  FakeNode();
  ~FakeNode();
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  const NodeAddress& address() const noexcept { return address_; }

  // What it tells of the ring from now on; `leaving` and placement "classic" follow. Without it the service is unknown.
  void tell_ring(std::vector<NodeAddress> members);
  // The feature level that it tells with the ring; 0: none, as at first.
  void tell_level(std::int32_t level);
  static std::uint64_t view_of(const std::vector<NodeAddress>& members);
  // Answers the questions for the ring, `state` and `state_since`, instead of what tell_ring() says.
  void apply_ring(Script script);
  // Answers everything but the questions for the ring.
  void apply(Script script);
  // Answers the probe, which it otherwise answers as a node of ours.
  void apply_probe(Script script);

  // Closes all connections, and accepts no more: as if it were killed.
  void vanish();

  // How often a method was asked for, over all connections.
  int asked(const std::string& method) const;

 private:
  void serve(int socket);
  std::optional<std::string> answer(const Asked& asked);

  NodeAddress address_;
  int listener_ = -1;
  mutable std::mutex mutex_;  // of what follows
  std::optional<std::vector<NodeAddress>> ring_;
  std::int32_t level_ = 0;
  Script script_;
  Script probed_;
  Script asked_for_ring_;
  std::map<std::string, int> asked_;
  std::vector<int> sockets_;
  bool is_gone_ = false;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace p2p::client::test
