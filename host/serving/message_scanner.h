// Where does an unframed message end? It carries no length, so the scanner walks its structure. When more bytes arrive,
// it resumes where it stopped: each byte is read once, however the network splits the message. Pure.
#pragma once

#include <p2p/call.h>
#include <p2p/field_reader.h>

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
    FieldKind types[2];       // of elements: a list's type twice, or a map's key and value
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
  // Scans one value, or opens a level for it.
  ScanStatus value(std::string_view message, FieldKind kind, bool in_container);
  ScanStatus list(std::string_view message);
  ScanStatus map(std::string_view message);
  ScanStatus elements(FieldKind first, FieldKind second, std::uint64_t size, unsigned values_each);
  ScanStatus open(const Level& level);
  ScanStatus skip(std::uint64_t bytes);
  void close_finished();
  bool is_binary() const noexcept { return encoding_ == Encoding::binary; }
  std::uint64_t fixed_bytes(FieldKind kind) const noexcept;
  // A number of the encoding's own form, `offset` bytes from here: a text's length or a container's size.
  struct Number {
    std::uint64_t value = 0;
    std::size_t bytes = 0;
  };
  ScanStatus peek(std::string_view message, std::size_t offset, Number& number, const char* too_long);
  ScanStatus peek_varint(std::string_view message, std::size_t offset, Number& number, const char* too_long);

  Encoding encoding_ = Encoding::binary;
  std::uint64_t bytes_max_ = 0;
  Phase phase_ = Phase::head;
  std::size_t at_ = 0;          // everything before it is scanned
  std::uint64_t skip_ = 0;      // bytes of a value to skip unread
  bool field_pending_ = false;  // a field's head is read, its value is not
  FieldKind field_kind_ = FieldKind::stop;
  std::vector<Level> levels_;
  const char* why_ = "";
  bool is_too_large_ = false;
};

}  // namespace p2p::host
