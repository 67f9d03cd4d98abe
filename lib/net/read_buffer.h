// Where are the bytes that a connection has read, until its messages are taken? In one block of memory that grows with
// what arrives, without being zeroed, and in place when the system has room there. Where a message ends is the caller's
// business.
#pragma once

#include "net/asio.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace p2p::net {

// Move-only; a moved-from buffer is empty and usable. One thread at a time.
class ReadBuffer final {
 public:
  struct Sizes {
    std::size_t first = 0;      // of the first block
    std::size_t usual_max = 0;  // grown to while more arrives than one read takes, and kept when it is empty
  };

  explicit ReadBuffer(Sizes sizes) noexcept : sizes_(sizes) {}
  ReadBuffer(ReadBuffer&& other) noexcept;
  ReadBuffer& operator=(ReadBuffer&& other) noexcept;
  ~ReadBuffer() { reset(); }

  // Room for the next read, never none; ends all views. `message_bytes`: the size of the unfinished message at the
  // front, if it is known. It gets a few times the room of what has arrived of it, so that a length alone costs
  // nothing. On std::bad_alloc nothing has changed.
  asio::mutable_buffer room(std::size_t message_bytes = 0);
  // So many bytes were read into room().
  void arrived(std::size_t bytes) noexcept { end_ += bytes; }

  std::string_view unread() const noexcept { return {data_ + begin_, end_ - begin_}; }
  bool is_empty() const noexcept { return begin_ == end_; }
  // Takes so many bytes from the front. They stay where they are, and may be changed there, until room() or adapt().
  std::span<char> take(std::size_t bytes) noexcept {
    const std::span<char> taken(data_ + begin_, bytes);
    begin_ += bytes;
    return taken;
  }
  void take_all() noexcept { begin_ = end_; }

  // To be called once the messages of a read are taken. A block that was full grows, up to the usual size: fewer,
  // larger reads serve the connection better. One that grew beyond that for a large message is given back when it is
  // empty.
  void adapt();
  // Forgets everything, and gives the memory back.
  void reset() noexcept;

  std::size_t capacity() const noexcept { return size_; }

 private:
  void resize(std::size_t bytes);

  Sizes sizes_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t begin_ = 0;  // of what is not taken yet
  std::size_t end_ = 0;    // of what has arrived
};

}  // namespace p2p::net
