// How is a server reached? Sockets of a load, connected one after the other and owned.
#pragma once

#include <p2p/node_address.h>
#include <p2p/result.h>

#include <utility>

namespace p2p::load {

class Socket final {
 public:
  explicit Socket(int handle) noexcept : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  int handle() const noexcept { return handle_; }  // -1: closed
  void close() noexcept;

 private:
  int handle_;
};

// Connects within a few seconds, over IPv4 or IPv6. The error names `to`.
Result<Socket> connect_to(const NodeAddress& to);

// Lets this process have `connections` open besides what it has. The error says how many it may have, and what to do.
Result<Done> make_room_for(std::size_t connections);

}  // namespace p2p::load
