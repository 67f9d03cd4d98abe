#include "serving/message_scanner.h"

#include "serving/message_head.h"

#include <boost/endian/conversion.hpp>

namespace p2p::host {
namespace {

// Type codes of the two encodings (Thrift's protocol specifications).
namespace binary {
enum : std::uint8_t {
  stop = 0,
  boolean = 2,
  byte = 3,
  real = 4,
  i16 = 6,
  i32 = 8,
  i64 = 10,
  text = 11,
  structure = 12,
  map = 13,
  set = 14,
  list = 15
};
}
namespace compact {
enum : std::uint8_t {
  stop = 0,
  yes = 1,
  no = 2,
  byte = 3,
  i16 = 4,
  i32 = 5,
  i64 = 6,
  real = 7,
  text = 8,
  list = 9,
  set = 10,
  map = 11,
  structure = 12
};
}

const unsigned char* bytes_at(std::string_view message, std::size_t at) {
  return reinterpret_cast<const unsigned char*>(message.data()) + at;
}

std::uint8_t byte_at(std::string_view message, std::size_t at) { return static_cast<std::uint8_t>(message[at]); }

// Bytes of a fixed-size binary value; 0 for other types.
std::uint64_t fixed_bytes(std::uint8_t type) {
  switch (type) {
    case binary::boolean:
    case binary::byte:
      return 1;
    case binary::i16:
      return 2;
    case binary::i32:
      return 4;
    case binary::i64:
    case binary::real:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

void MessageScanner::reset(Encoding encoding, std::uint64_t bytes_max) {
  encoding_ = encoding;
  bytes_max_ = bytes_max;
  phase_ = Phase::head;
  at_ = 0;
  skip_ = 0;
  field_pending_ = false;
  levels_.clear();
  why_ = "";
  is_too_large_ = false;
}

ScanStatus MessageScanner::too_large(const char* why) noexcept {
  is_too_large_ = true;
  return malformed(why);
}

ScanStatus MessageScanner::malformed(const char* why) noexcept {
  why_ = why;
  return ScanStatus::malformed;
}

ScanStatus MessageScanner::scan(std::string_view message) {
  while (phase_ != Phase::done) {
    if (skip_ > 0) {
      const std::uint64_t taken = std::min<std::uint64_t>(skip_, message.size() - at_);
      at_ += taken;
      skip_ -= taken;
      if (skip_ > 0) return more();
    }
    const ScanStatus status = phase_ == Phase::head ? scan_head(message) : step(message);
    if (status == ScanStatus::malformed) return status;
    if (at_ + skip_ > bytes_max_) return too_large("the message is larger than [host] frame_bytes_max");
    if (status == ScanStatus::need_more) return status;
  }
  return ScanStatus::whole;
}

ScanStatus MessageScanner::scan_head(std::string_view message) {
  const ScanStatus status = encoding_ == Encoding::binary ? scan_binary_head(message) : scan_compact_head(message);
  if (status != ScanStatus::whole) return status;
  phase_ = Phase::body;
  return open(Kind::structure, 0, 0, 0);
}

ScanStatus MessageScanner::scan_binary_head(std::string_view message) {
  if (!has(message, 8)) return more();
  if (boost::endian::load_big_u16(bytes_at(message, at_)) != 0x8001) return malformed("not a strict binary message");
  const std::uint32_t name_bytes = boost::endian::load_big_u32(bytes_at(message, at_ + 4));
  if (name_bytes > kMethodNameBytesMax) return malformed("the method's name is too long");
  at_ += 8;
  return skip(name_bytes + 4ull);
}

ScanStatus MessageScanner::scan_compact_head(std::string_view message) {
  if (!has(message, 2)) return more();
  std::uint64_t number = 0;
  std::size_t sequence_bytes = 0;
  std::size_t length_bytes = 0;
  int read = peek_varint(message, at_ + 2, number, sequence_bytes);
  if (read > 0) read = peek_varint(message, at_ + 2 + sequence_bytes, number, length_bytes);
  if (read == 0) return more();
  if (read < 0 || number > kMethodNameBytesMax) return malformed("the method's name is too long");
  at_ += 2 + sequence_bytes + length_bytes;
  return skip(number);
}

int MessageScanner::peek_varint(std::string_view message, std::size_t at, std::uint64_t& value, std::size_t& length) {
  value = 0;
  for (length = 0; length < 10;) {
    if (at + length >= message.size()) return 0;
    const std::uint8_t byte = byte_at(message, at + length);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * length);
    ++length;
    if ((byte & 0x80) == 0) return 1;
  }
  return -1;
}

ScanStatus MessageScanner::step(std::string_view message) {
  return levels_.back().kind == Kind::structure ? step_field(message) : step_element(message);
}

ScanStatus MessageScanner::step_field(std::string_view message) {
  if (!field_pending_) {
    const ScanStatus status = encoding_ == Encoding::binary ? binary_field(message) : compact_field(message);
    if (status != ScanStatus::whole || !field_pending_) return status;
  }
  const std::uint8_t type = field_type_;
  field_pending_ = false;
  const ScanStatus status = value(message, type, false);
  if (status == ScanStatus::need_more) field_pending_ = true;
  return status;
}

ScanStatus MessageScanner::binary_field(std::string_view message) {
  if (!has(message, 1)) return more();
  field_type_ = byte_at(message, at_);
  if (field_type_ == binary::stop) {
    ++at_;
    levels_.pop_back();
    close_finished();
    return ScanStatus::whole;
  }
  if (!has(message, 3)) return more();
  at_ += 3;
  field_pending_ = true;
  return ScanStatus::whole;
}

ScanStatus MessageScanner::compact_field(std::string_view message) {
  if (!has(message, 1)) return more();
  const std::uint8_t head = byte_at(message, at_);
  if ((head & 0x0f) == compact::stop) {
    if (head != 0) return malformed("a field has no type");
    ++at_;
    levels_.pop_back();
    close_finished();
    return ScanStatus::whole;
  }
  std::size_t id_bytes = 0;
  if ((head >> 4) == 0) {  // the id follows as a varint instead of a difference
    std::uint64_t id = 0;
    const int read = peek_varint(message, at_ + 1, id, id_bytes);
    if (read == 0) return more();
    if (read < 0) return malformed("a field's id is too long");
  }
  at_ += 1 + id_bytes;
  field_type_ = head & 0x0f;
  field_pending_ = true;
  return ScanStatus::whole;
}

ScanStatus MessageScanner::step_element(std::string_view message) {
  Level& level = levels_.back();
  const std::uint8_t type = level.key_next ? level.types[0] : level.types[1];
  const std::size_t depth = levels_.size() - 1;
  // Counted before the value is taken: a value that opens a level of its own would hide this one.
  --level.remaining;
  level.key_next = !level.key_next;
  const ScanStatus status = value(message, type, true);
  if (status == ScanStatus::need_more) {
    ++levels_[depth].remaining;
    levels_[depth].key_next = !levels_[depth].key_next;
    return status;
  }
  if (status == ScanStatus::whole) close_finished();
  return status;
}

void MessageScanner::close_finished() {
  while (!levels_.empty() && levels_.back().kind == Kind::elements && levels_.back().remaining == 0) levels_.pop_back();
  if (levels_.empty()) phase_ = Phase::done;
}

ScanStatus MessageScanner::open(Kind kind, std::uint8_t first, std::uint8_t second, std::uint64_t count) {
  if (levels_.size() >= kNestingMax) return malformed("the message is nested too deeply");
  levels_.push_back({kind, {first, second}, count, true});
  close_finished();  // an empty container
  return ScanStatus::whole;
}

ScanStatus MessageScanner::skip(std::uint64_t bytes) {
  if (bytes > bytes_max_) return too_large("a value is larger than [host] frame_bytes_max");
  skip_ = bytes;
  return ScanStatus::whole;
}

ScanStatus MessageScanner::value(std::string_view message, std::uint8_t type, bool in_container) {
  return encoding_ == Encoding::binary ? binary_value(message, type) : compact_value(message, type, in_container);
}

ScanStatus MessageScanner::binary_value(std::string_view message, std::uint8_t type) {
  if (const std::uint64_t bytes = fixed_bytes(type); bytes > 0) return skip(bytes);
  switch (type) {
    case binary::structure:
      return open(Kind::structure, 0, 0, 0);
    case binary::text: {
      if (!has(message, 4)) return more();
      const std::uint32_t bytes = boost::endian::load_big_u32(bytes_at(message, at_));
      at_ += 4;
      return skip(bytes);
    }
    case binary::list:
    case binary::set: {
      if (!has(message, 5)) return more();
      const std::uint8_t element = byte_at(message, at_);
      const std::uint32_t count = boost::endian::load_big_u32(bytes_at(message, at_ + 1));
      at_ += 5;
      if (const std::uint64_t bytes = fixed_bytes(element); bytes > 0) return skip(bytes * count);
      return open(Kind::elements, element, element, count);
    }
    case binary::map: {
      if (!has(message, 6)) return more();
      const std::uint32_t count = boost::endian::load_big_u32(bytes_at(message, at_ + 2));
      const std::uint8_t key = byte_at(message, at_);
      const std::uint8_t mapped = byte_at(message, at_ + 1);
      at_ += 6;
      return open(Kind::elements, key, mapped, 2ull * count);
    }
    default:
      return malformed("unknown type of a field");
  }
}

ScanStatus MessageScanner::compact_value(std::string_view message, std::uint8_t type, bool in_container) {
  std::uint64_t number = 0;
  std::size_t length = 0;
  switch (type) {
    case compact::yes:
    case compact::no:
      return skip(in_container ? 1 : 0);  // a bool field's value is in its type
    case compact::byte:
      return skip(1);
    case compact::real:
      return skip(8);
    case compact::structure:
      return open(Kind::structure, 0, 0, 0);
    case compact::i16:
    case compact::i32:
    case compact::i64:
    case compact::text: {
      const int read = peek_varint(message, at_, number, length);
      if (read == 0) return more();
      if (read < 0) return malformed("a number is too long");
      at_ += length;
      return skip(type == compact::text ? number : 0);
    }
    case compact::list:
    case compact::set: {
      if (!has(message, 1)) return more();
      const std::uint8_t head = byte_at(message, at_);
      number = head >> 4;
      if (number == 15) {
        const int read = peek_varint(message, at_ + 1, number, length);
        if (read == 0) return more();
        if (read < 0) return malformed("a container's size is too long");
      }
      at_ += 1 + length;
      if (number > bytes_max_) return malformed("a container is larger than [host] frame_bytes_max");
      return open(Kind::elements, head & 0x0f, head & 0x0f, number);
    }
    case compact::map: {
      const int read = peek_varint(message, at_, number, length);
      if (read == 0 || (read > 0 && number > 0 && !has(message, length + 1))) return more();
      if (read < 0) return malformed("a container's size is too long");
      if (number > bytes_max_) return malformed("a container is larger than [host] frame_bytes_max");
      at_ += length;
      if (number == 0) return ScanStatus::whole;
      const std::uint8_t types = byte_at(message, at_);
      ++at_;
      return open(Kind::elements, types >> 4, types & 0x0f, 2 * number);
    }
    default:
      return malformed("unknown type of a field");
  }
}

}  // namespace p2p::host
