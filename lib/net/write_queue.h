// How do messages leave on a connection? One batch after the other, each with one write; what the socket does not take
// waits until it has room. What a batch is made of, and how much may wait, is the caller's business.
#pragma once

#include "net/asio.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace p2p::net {

// Of one connection at a time. Its socket is in non-blocking mode. One thread at a time.
class WriteQueue final {
 public:
  // `kept_bytes_max`: memory of a written batch that is kept for the next one.
  explicit WriteQueue(std::size_t kept_bytes_max) noexcept : kept_bytes_max_(kept_bytes_max) {}

  // Writes batches until there is none, or the socket has no room; the failure when the connection broke. `fill(batch)`
  // adds the next one to an empty string, which it may swap for another, or leaves it empty. `on_room()` makes the
  // handler for when the socket has room again or is closed: it calls has_room(), and then flush(), if the connection
  // is still the same. While that is awaited, flush() does nothing.
  template <class Fill, class OnRoom>
  error_code flush(asio::ip::tcp::socket& socket, Fill fill, OnRoom on_room) {
    if (is_waiting_) return {};
    do {
      if (batch_.empty()) fill(batch_);
      if (batch_.empty()) return {};
      if (const error_code failure = write(socket)) return failure;
    } while (!is_waiting_);
    socket.async_wait(asio::ip::tcp::socket::wait_write, on_room());
    return {};
  }
  void has_room() noexcept { is_waiting_ = false; }
  bool is_waiting() const noexcept { return is_waiting_; }

  // Adds to the batch that flush() writes next, without `fill`. Only when nothing else is being written.
  std::string& batch() noexcept { return batch_; }

  // Of the batch that is not yet written as a whole.
  std::size_t bytes() const noexcept { return batch_.size(); }
  // Bytes of this connection up to the end of the batch.
  std::uint64_t end() const noexcept { return written_before_ + batch_.size(); }
  // Bytes of this connection that the system was given: what lies behind cannot have reached the other side.
  std::uint64_t handed() const noexcept { return written_before_ + written_; }

  // For another connection; gives the memory back.
  void reset() noexcept;

 private:
  error_code write(asio::ip::tcp::socket& socket);

  const std::size_t kept_bytes_max_;
  std::string batch_;
  std::size_t written_ = 0;           // of the batch
  std::uint64_t written_before_ = 0;  // of former batches
  bool is_waiting_ = false;           // for room
};

}  // namespace p2p::net
