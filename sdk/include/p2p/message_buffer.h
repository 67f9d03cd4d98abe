// Where does a Thrift protocol read a message from, and where does it write the reply? It reads from a borrowed slice
// of bytes and writes to a growing block of its own. Authors include <p2p/handlers.h>, which includes this.
#pragma once

#include <p2p/export.h>

#include <thrift/transport/TTransportException.h>
#include <thrift/transport/TVirtualTransport.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace p2p {

// A concrete transport, so that protocols call it without virtual dispatch. Thrift's own TMemoryBuffer is not used
// because each reset of it allocates, and because its message-size accounting ends a reused buffer after 100 MB. One
// thread at a time.
class P2P_API MessageBuffer final : public apache::thrift::transport::TVirtualTransport<MessageBuffer> {
 public:
  // Reading starts at the front of `message`, which must outlive the reading.
  void attach(std::string_view message) {
    read_at_ = reinterpret_cast<const std::uint8_t*>(message.data());
    read_end_ = read_at_ + message.size();
    // Thrift checks announced container sizes against this before it allocates.
    remainingMessageSize_ = static_cast<long>(message.size());
  }
  // The unread bytes; valid as long as what was attached.
  std::string_view rest() const noexcept { return {reinterpret_cast<const char*>(read_at_), unread()}; }
  std::size_t unread() const noexcept { return static_cast<std::size_t>(read_end_ - read_at_); }
  void skip(std::size_t bytes) noexcept { read_at_ += bytes; }

  std::string_view written() const noexcept { return out_; }
  std::string& block() noexcept { return out_; }
  // Forgets what was written; keeps the memory, unless it is larger than `keep_bytes_max`.
  void clear(std::size_t keep_bytes_max = 64 * 1024) {
    if (out_.capacity() > keep_bytes_max) {
      std::string().swap(out_);
    } else {
      out_.clear();
    }
  }

  // --- what Thrift requires of a transport ---
  bool isOpen() const override { return true; }
  bool peek() override { return read_at_ < read_end_; }
  void open() override {}
  void close() override {}

  std::uint32_t read(std::uint8_t* into, std::uint32_t length) {
    const auto there = static_cast<std::uint32_t>(read_end_ - read_at_);
    const std::uint32_t taken = length < there ? length : there;
    std::memcpy(into, read_at_, taken);
    read_at_ += taken;
    return taken;
  }
  std::uint32_t readAll(std::uint8_t* into, std::uint32_t length) {
    if (length > static_cast<std::size_t>(read_end_ - read_at_)) throw_short();
    std::memcpy(into, read_at_, length);
    read_at_ += length;
    return length;
  }
  // Protocols look ahead by a varint at most, and may find less. A longer request is for a string of that length: a
  // false length ends here, before Thrift allocates it.
  static constexpr std::uint32_t kLookAheadBytesMax = 10;
  const std::uint8_t* borrow(std::uint8_t*, std::uint32_t* length) {
    if (*length > static_cast<std::size_t>(read_end_ - read_at_)) {
      if (*length > kLookAheadBytesMax) throw_short();
      return nullptr;
    }
    *length = static_cast<std::uint32_t>(read_end_ - read_at_);
    return read_at_;
  }
  void consume(std::uint32_t length) {
    if (length > static_cast<std::size_t>(read_end_ - read_at_)) throw_short();
    read_at_ += length;
  }
  void write(const std::uint8_t* from, std::uint32_t length) {
    out_.append(reinterpret_cast<const char*>(from), length);
  }

 private:
  [[noreturn]] static void throw_short();

  const std::uint8_t* read_at_ = nullptr;
  const std::uint8_t* read_end_ = nullptr;
  std::string out_;
};

}  // namespace p2p
