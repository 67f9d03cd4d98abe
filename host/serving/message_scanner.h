// Where does an unframed message end? It carries no length, so the scanner walks its structure. When more bytes arrive,
// it resumes where it stopped: each byte is read once, however the network splits the message. Pure.
#pragma once

#include <p2p/call.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace p2p::host {

// Nesting of structs and containers in one message. Thrift's own readers stop at 64.
inline constexpr std::size_t kNestingMax = 64;

enum class ScanStatus : std::uint8_t { whole, need_more, malformed };

class MessageScanner final {
 public:
  MessageScanner() = default;

  // Begins a new message.
  void reset(Encoding encoding, std::uint64_t bytes_max);

  // `message` is what has arrived so far, from its first byte on, and never shorter than in the previous call. whole:
  // bytes() is the message's length. malformed: the stream is unusable; why() says why.
  ScanStatus scan(std::string_view message);

  std::size_t bytes() const noexcept { return at_; }
  const char* why() const noexcept { return why_; }
  bool is_too_large() const noexcept { return is_too_large_; }  // this is the reason

 private:
  enum class Kind : std::uint8_t { structure, elements };
  struct Level {
    Kind kind;
    std::uint8_t types[2];    // of elements: a list's type twice, or a map's key and value
    std::uint64_t remaining;  // elements: values still to come
    bool key_next;
  };
  enum class Phase : std::uint8_t { head, body, done };

  ScanStatus more() const noexcept { return ScanStatus::need_more; }
  ScanStatus malformed(const char* why) noexcept;
  ScanStatus too_large(const char* why) noexcept;
  bool has(std::string_view message, std::uint64_t bytes) const noexcept { return message.size() - at_ >= bytes; }

  ScanStatus step(std::string_view message);
  ScanStatus step_field(std::string_view message);
  ScanStatus step_element(std::string_view message);
  ScanStatus scan_head(std::string_view message);
  ScanStatus scan_binary_head(std::string_view message);
  ScanStatus scan_compact_head(std::string_view message);
  ScanStatus binary_field(std::string_view message);
  ScanStatus compact_field(std::string_view message);
  // Scans one value, or opens a level for it. `type` is the encoding's own code.
  ScanStatus value(std::string_view message, std::uint8_t type, bool in_container);
  ScanStatus binary_value(std::string_view message, std::uint8_t type);
  ScanStatus compact_value(std::string_view message, std::uint8_t type, bool in_container);
  ScanStatus open(Kind kind, std::uint8_t first, std::uint8_t second, std::uint64_t count);
  ScanStatus skip(std::uint64_t bytes);
  void close_finished();
  // 1: read, `length` bytes long; 0: incomplete; -1: longer than ten bytes.
  static int peek_varint(std::string_view message, std::size_t at, std::uint64_t& value, std::size_t& length);

  Encoding encoding_ = Encoding::binary;
  std::uint64_t bytes_max_ = 0;
  Phase phase_ = Phase::head;
  std::size_t at_ = 0;          // everything before it is scanned
  std::uint64_t skip_ = 0;      // bytes of a value to skip unread
  bool field_pending_ = false;  // a field's type is read, its value is not
  std::uint8_t field_type_ = 0;
  std::vector<Level> levels_;
  const char* why_ = "";
  bool is_too_large_ = false;
};

}  // namespace p2p::host
