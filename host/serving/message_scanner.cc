#include "serving/message_scanner.h"

#include "serving/byte_at.h"
#include "serving/message_head.h"

#include <boost/endian/conversion.hpp>

namespace p2p::host {
namespace {

using Binary = FieldReader<Encoding::binary>;
using Compact = FieldReader<Encoding::compact>;

constexpr const char* kSizeTooLong = "a container's size is too long";

const unsigned char* bytes_at(std::string_view message, std::size_t at) {
  return reinterpret_cast<const unsigned char*>(message.data()) + at;
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
  const ScanStatus status = is_binary() ? scan_binary_head(message) : scan_compact_head(message);
  if (status != ScanStatus::whole) return status;
  phase_ = Phase::body;
  return open({Kind::structure, {}, 0, false});
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
  constexpr const char* kNameTooLong = "the method's name is too long";
  Number sequence;
  Number name;
  auto status = peek_varint(message, 2, sequence, kNameTooLong);
  if (status == ScanStatus::whole) status = peek_varint(message, 2 + sequence.bytes, name, kNameTooLong);
  if (status != ScanStatus::whole) return status;
  if (name.value > kMethodNameBytesMax) return malformed(kNameTooLong);
  at_ += 2 + sequence.bytes + name.bytes;
  return skip(name.value);
}

ScanStatus MessageScanner::peek_varint(std::string_view message, std::size_t offset, Number& number,
                                       const char* too_long) {
  number = {};
  while (number.bytes < 10) {
    if (!has(message, offset + number.bytes + 1)) return more();
    const std::uint8_t byte = byte_at(message, at_ + offset + number.bytes);
    number.value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * number.bytes);
    ++number.bytes;
    if ((byte & 0x80) == 0) return ScanStatus::whole;
  }
  return malformed(too_long);
}

ScanStatus MessageScanner::peek(std::string_view message, std::size_t offset, Number& number, const char* too_long) {
  if (!is_binary()) return peek_varint(message, offset, number, too_long);
  if (!has(message, offset + 4)) return more();
  number = {boost::endian::load_big_u32(bytes_at(message, at_ + offset)), 4};
  return ScanStatus::whole;
}

std::uint64_t MessageScanner::fixed_bytes(FieldKind kind) const noexcept {
  return is_binary() ? Binary::fixed_bytes(kind) : Compact::fixed_bytes(kind);
}

ScanStatus MessageScanner::step(std::string_view message) {
  return levels_.back().kind == Kind::structure ? step_field(message) : step_element(message);
}

ScanStatus MessageScanner::step_field(std::string_view message) {
  if (!field_pending_) {
    const ScanStatus status = is_binary() ? binary_field(message) : compact_field(message);
    if (status != ScanStatus::whole || !field_pending_) return status;
  }
  const FieldKind kind = field_kind_;
  field_pending_ = false;
  const ScanStatus status = value(message, kind, false);
  if (status == ScanStatus::need_more) field_pending_ = true;
  return status;
}

ScanStatus MessageScanner::binary_field(std::string_view message) {
  if (!has(message, 1)) return more();
  field_kind_ = static_cast<FieldKind>(byte_at(message, at_));
  if (field_kind_ == FieldKind::stop) {
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
  if ((head & 0x0f) == 0) {
    if (head != 0) return malformed("a field has no type");
    ++at_;
    levels_.pop_back();
    close_finished();
    return ScanStatus::whole;
  }
  Number id;
  if ((head >> 4) == 0) {  // the id follows as a varint instead of a difference
    const ScanStatus status = peek_varint(message, 1, id, "a field's id is too long");
    if (status != ScanStatus::whole) return status;
  }
  at_ += 1 + id.bytes;
  field_kind_ = Compact::kind_of_code(head & 0x0f);
  field_pending_ = true;
  return ScanStatus::whole;
}

ScanStatus MessageScanner::step_element(std::string_view message) {
  Level& level = levels_.back();
  const FieldKind kind = level.key_next ? level.types[0] : level.types[1];
  const std::size_t depth = levels_.size() - 1;
  // Counted before the value is taken: a value that opens a level of its own would hide this one.
  --level.remaining;
  level.key_next = !level.key_next;
  const ScanStatus status = value(message, kind, true);
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

ScanStatus MessageScanner::open(const Level& level) {
  if (levels_.size() >= kNestingMax) return malformed("the message is nested too deeply");
  levels_.push_back(level);
  close_finished();  // an empty container
  return ScanStatus::whole;
}

ScanStatus MessageScanner::skip(std::uint64_t bytes) {
  if (bytes > bytes_max_) return too_large("a value is larger than [host] frame_bytes_max");
  skip_ = bytes;
  return ScanStatus::whole;
}

ScanStatus MessageScanner::value(std::string_view message, FieldKind kind, bool in_container) {
  // The value of compact's bool fields is in their head.
  if (kind == FieldKind::boolean && !is_binary() && !in_container) return ScanStatus::whole;
  if (const std::uint64_t bytes = fixed_bytes(kind); bytes > 0) return skip(bytes);
  switch (kind) {
    case FieldKind::i16:
    case FieldKind::i32:
    case FieldKind::i64:
    case FieldKind::text: {
      Number number;
      const ScanStatus status = peek(message, 0, number, "a number is too long");
      if (status != ScanStatus::whole) return status;
      at_ += number.bytes;
      return skip(kind == FieldKind::text ? number.value : 0);
    }
    case FieldKind::structure:
      return open({Kind::structure, {}, 0, false});
    case FieldKind::list:
    case FieldKind::set:
      return list(message);
    case FieldKind::map:
      return map(message);
    case FieldKind::stop:
    case FieldKind::boolean:
    case FieldKind::byte:
    case FieldKind::real:
      break;
  }
  return malformed("unknown type of a field");
}

ScanStatus MessageScanner::list(std::string_view message) {
  if (!has(message, 1)) return more();
  const std::uint8_t head = byte_at(message, at_);
  Number size{static_cast<std::uint64_t>(head >> 4), 0};  // in compact, unless it is 15
  if (is_binary() || size.value == 15) {
    const ScanStatus status = peek(message, 1, size, kSizeTooLong);
    if (status != ScanStatus::whole) return status;
  }
  at_ += 1 + size.bytes;
  const FieldKind element = is_binary() ? static_cast<FieldKind>(head) : Compact::kind_of_code(head & 0x0f);
  if (const std::uint64_t bytes = fixed_bytes(element); is_binary() && bytes > 0) return skip(bytes * size.value);
  return elements(element, element, size.value, 1);
}

ScanStatus MessageScanner::map(std::string_view message) {
  const std::size_t kinds_first = is_binary() ? 2 : 0;
  Number size;
  const ScanStatus status = peek(message, kinds_first, size, kSizeTooLong);
  if (status != ScanStatus::whole) return status;
  if (is_binary()) {
    const auto key = static_cast<FieldKind>(byte_at(message, at_));
    const auto element = static_cast<FieldKind>(byte_at(message, at_ + 1));
    at_ += kinds_first + size.bytes;
    return elements(key, element, size.value, 2);
  }
  if (size.value > 0 && !has(message, size.bytes + 1)) return more();
  at_ += size.bytes;
  if (size.value == 0) return ScanStatus::whole;
  const std::uint8_t kinds = byte_at(message, at_);
  ++at_;
  return elements(Compact::kind_of_code(kinds >> 4), Compact::kind_of_code(kinds & 0x0f), size.value, 2);
}

ScanStatus MessageScanner::elements(FieldKind first, FieldKind second, std::uint64_t size, unsigned values_each) {
  if (!is_binary() && size > bytes_max_) return malformed("a container is larger than [host] frame_bytes_max");
  return open({Kind::elements, {first, second}, size * values_each, true});
}

}  // namespace p2p::host
