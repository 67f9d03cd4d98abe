// Which fields does an encoded Thrift struct hold, and what are their values? Reads the bytes in place, binary or
// compact, without Thrift, generated code, allocation or exceptions: for peeking at one field of a message, or for a
// few hot messages. All of it is inline, so a plugin that uses it runs on hosts of any minor ABI.
//
//   FieldReader<Encoding::binary> reader(arguments);
//   FieldHead field;
//   std::string_view key;
//   while (reader.next(field)) {
//     if (field.id == 1 && field.kind == FieldKind::text) reader.text(key);
//     else reader.skip(field.kind);
//   }
//   if (!reader.at_end()) refuse(reader.why());
#pragma once

#include <p2p/call.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace p2p {

// Thrift's own type codes, as its binary protocol writes them. `text` is string and binary; an enum is an i32.
enum class FieldKind : std::uint8_t {
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
  list = 15,
};

// "a string", "an i32", "a list": for messages.
constexpr std::string_view word_of(FieldKind kind) noexcept {
  constexpr std::string_view kNone = "nothing known";
  constexpr std::string_view kWords[] = {"nothing",  kNone,   "a bool", "an i8", "a double", kNone,
                                         "an i16",   kNone,   "an i32", kNone,   "an i64",   "a string",
                                         "a struct", "a map", "a set",  "a list"};
  const auto code = static_cast<std::size_t>(kind);
  return code < std::size(kWords) ? kWords[code] : kNone;
}

struct FieldHead {
  std::int16_t id = 0;
  FieldKind kind = FieldKind::stop;
};

// `element` of an empty container may be anything, even stop. A map has `count` pairs, each a `key` and an `element`.
struct ContainerHead {
  FieldKind key = FieldKind::stop;
  FieldKind element = FieldKind::stop;
  std::uint32_t count = 0;
};

// How deep skip() follows nested structs and containers; deeper nesting is refused. Thrift's readers stop there too.
inline constexpr unsigned kSkipDepthMax = 64;

// Positioned in one struct, at a field or after the last. Every value must be read or skipped before next(). The first
// bytes that make no sense, or are cut off, end it: everything returns false from then on, and why() says what was
// wrong. Never reads outside its input, whatever that holds. A copy continues from the original's position.
template <Encoding encoding>
class FieldReader final {
 public:
  // `encoded` begins with the struct's first field; what follows the struct is ignored. It must outlive the reader and
  // the texts that it returns.
  explicit FieldReader(std::string_view encoded) noexcept
      : at_(reinterpret_cast<const std::uint8_t*>(encoded.data())), end_(at_ + encoded.size()) {}

  // Of compact's type codes; stop for what is none.
  static constexpr FieldKind kind_of_code(unsigned code) noexcept {
    constexpr FieldKind kKinds[16] = {FieldKind::stop,      FieldKind::boolean, FieldKind::boolean, FieldKind::byte,
                                      FieldKind::i16,       FieldKind::i32,     FieldKind::i64,     FieldKind::real,
                                      FieldKind::text,      FieldKind::list,    FieldKind::set,     FieldKind::map,
                                      FieldKind::structure, FieldKind::stop,    FieldKind::stop,    FieldKind::stop};
    return kKinds[code];
  }
  // Size of a value whose kind fixes it; 0 for the others.
  static constexpr std::size_t fixed_bytes(FieldKind kind) noexcept {
    switch (kind) {
      case FieldKind::boolean:
      case FieldKind::byte:
        return 1;
      case FieldKind::real:
        return 8;
      case FieldKind::i16:
        return kIsBinary ? 2 : 0;
      case FieldKind::i32:
        return kIsBinary ? 4 : 0;
      case FieldKind::i64:
        return kIsBinary ? 8 : 0;
      case FieldKind::stop:
      case FieldKind::text:
      case FieldKind::structure:
      case FieldKind::map:
      case FieldKind::set:
      case FieldKind::list:
        return 0;
    }
    return 0;
  }

  // The head of the next field; false after the last one, and after a failure.
  bool next(FieldHead& field) noexcept {
    if (is_over_) return false;
    if (at_ == end_) return fail(kCutOff);
    if constexpr (kIsBinary) {
      const std::uint8_t code = *at_++;
      if (code == 0) return finish();
      if (left() < 2) return fail(kCutOff);
      field.kind = static_cast<FieldKind>(code);
      field.id = static_cast<std::int16_t>(load<std::uint16_t>());
      return is_known(field.kind) || fail(kUnknownKind);
    } else {
      const std::uint8_t head = *at_++;
      if (head == 0) return finish();
      field.kind = kind_of_code(head & 0x0f);
      if (field.kind == FieldKind::stop) return fail(kUnknownKind);
      truth_ = (head & 0x0f) == kCompactTrue;
      if (const unsigned step = head >> 4; step != 0) {
        last_id_ = static_cast<std::int16_t>(last_id_ + static_cast<int>(step));
      } else {
        std::uint64_t id = 0;
        if (!varint(id)) return false;
        last_id_ = static_cast<std::int16_t>(from_zigzag(id));
      }
      field.id = last_id_;
      return true;
    }
  }

  // --- the value of a field, of the kind that its head says

  // A string's or binary's bytes, in place.
  bool text(std::string_view& out) noexcept {
    std::size_t bytes = 0;
    if (!length(bytes)) return false;
    out = {reinterpret_cast<const char*>(at_), bytes};
    at_ += bytes;
    return true;
  }

  // A byte, i16, i32 or i64; false for other kinds, which are not consumed.
  bool integer(FieldKind kind, std::int64_t& out) noexcept {
    if (is_over_) return false;
    if (kind == FieldKind::byte) {
      if (at_ == end_) return fail(kCutOff);
      out = static_cast<std::int8_t>(*at_++);
      return true;
    }
    if constexpr (kIsBinary) {
      const std::size_t bytes = fixed_bytes(kind);
      if (kind != FieldKind::i16 && kind != FieldKind::i32 && kind != FieldKind::i64) return false;
      if (left() < bytes) return fail(kCutOff);
      if (kind == FieldKind::i16) out = static_cast<std::int16_t>(load<std::uint16_t>());
      if (kind == FieldKind::i32) out = static_cast<std::int32_t>(load<std::uint32_t>());
      if (kind == FieldKind::i64) out = static_cast<std::int64_t>(load<std::uint64_t>());
    } else {
      if (kind != FieldKind::i16 && kind != FieldKind::i32 && kind != FieldKind::i64) return false;
      std::uint64_t raw = 0;
      if (!varint(raw)) return false;
      // As Thrift reads them: the lowest bits of a value that is too long.
      if (kind == FieldKind::i64) {
        out = static_cast<std::int64_t>((raw >> 1) ^ (0 - (raw & 1)));
      } else {
        const std::int32_t value = from_zigzag(raw);
        out = kind == FieldKind::i16 ? static_cast<std::int16_t>(value) : value;
      }
    }
    return true;
  }

  // A bool in a field. Compact encodes one in a container differently: skip() it there.
  bool boolean(bool& out) noexcept {
    if (is_over_) return false;
    if constexpr (kIsBinary) {
      if (at_ == end_) return fail(kCutOff);
      out = *at_++ != 0;
    } else {
      out = truth_;
    }
    return true;
  }

  // A reader of the struct that begins here. Go on with resume_behind() once it is at_end(), or skip the struct
  // instead.
  FieldReader nested() const noexcept {
    FieldReader inner(*this);
    inner.last_id_ = 0;
    return inner;
  }
  // Continues where `inner`, made by nested(), has stopped, and takes over its failure. An inner reader that is not at
  // its end is a failure.
  bool resume_behind(const FieldReader& inner) noexcept {
    at_ = inner.at_;
    if (inner.at_end()) return !is_over_;
    return fail(inner.why_ != nullptr ? inner.why_ : "a struct was left before its end");
  }

  // The head of a list, set or map; `count` elements (pairs of key and element) follow, each to be read or skipped in
  // turn. An impossible count, of more elements than bytes are left, is a failure.
  bool container(FieldKind kind, ContainerHead& out) noexcept {
    if (is_over_) return false;
    if (kind == FieldKind::map) return map_head(out);
    if (kind != FieldKind::list && kind != FieldKind::set) return false;
    if constexpr (kIsBinary) {
      if (left() < 5) return fail(kCutOff);
      out.element = static_cast<FieldKind>(*at_++);
      out.count = load<std::uint32_t>();
    } else {
      if (at_ == end_) return fail(kCutOff);
      const std::uint8_t head = *at_++;
      out.element = kind_of_code(head & 0x0f);
      std::uint64_t count = head >> 4;
      if (count == 15 && !varint(count)) return false;
      if (count > left()) return fail(kCutOff);
      out.count = static_cast<std::uint32_t>(count);
    }
    out.key = out.element;
    return is_countable(out);
  }

  // Skips a field's value.
  bool skip(FieldKind kind) noexcept {
    if constexpr (!kIsBinary) {
      if (kind == FieldKind::boolean) return !is_over_;  // its value is in the field's head
    }
    return skip_value(kind, kSkipDepthMax);
  }
  // Skips an element of a container.
  bool skip_element(FieldKind kind) noexcept { return skip_value(kind, kSkipDepthMax); }

  // The struct has been read to its end.
  bool at_end() const noexcept { return is_over_ && why_ == nullptr; }
  bool failed() const noexcept { return why_ != nullptr; }
  // What made no sense, for messages; "" while all is well.
  const char* why() const noexcept { return why_ != nullptr ? why_ : ""; }
  // The unread bytes.
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

 private:
  static constexpr bool kIsBinary = encoding == Encoding::binary;
  static constexpr std::uint8_t kCompactTrue = 1;
  static constexpr unsigned kVarintBytesMax = 10;
  static constexpr const char* kCutOff = "the message is cut off";
  static constexpr const char* kUnknownKind = "a value is of no known type";

  bool finish() noexcept {
    is_over_ = true;
    return false;
  }
  bool fail(const char* why) noexcept {
    is_over_ = true;
    why_ = why;
    return false;
  }

  static constexpr bool is_known(FieldKind kind) noexcept {
    // One bit for each code of FieldKind but stop.
    constexpr std::uint32_t kCodes = 0b1111'1101'0101'1100;
    const auto code = static_cast<std::uint8_t>(kind);
    return code < 16 && ((kCodes >> code) & 1) != 0;
  }
  // Big-endian; the bytes must be there.
  template <class Number>
  Number load() noexcept {
    Number value = 0;
    // Unrolled, it is one load and one swap of bytes.
#pragma GCC unroll 8
    for (std::size_t byte = 0; byte < sizeof(Number); ++byte) value = static_cast<Number>(value << 8 | at_[byte]);
    at_ += sizeof(Number);
    return value;
  }
  bool varint(std::uint64_t& out) noexcept {
    if (at_ != end_ && *at_ < 0x80) {
      out = *at_++;
      return true;
    }
    return long_varint(out);
  }
  bool long_varint(std::uint64_t& out) noexcept {
    out = 0;
    for (unsigned byte = 0; byte < kVarintBytesMax; ++byte) {
      if (at_ == end_) return fail(kCutOff);
      const std::uint8_t piece = *at_++;
      out |= static_cast<std::uint64_t>(piece & 0x7f) << (7 * byte);
      if (piece < 0x80) return true;
    }
    return fail("a number has too many bytes");
  }
  static constexpr std::int32_t from_zigzag(std::uint64_t raw) noexcept {
    const auto low = static_cast<std::uint32_t>(raw);
    return static_cast<std::int32_t>((low >> 1) ^ (0 - (low & 1)));
  }

  // Reads a text's length; it is no more than what is left.
  bool length(std::size_t& out) noexcept {
    if (is_over_) return false;
    if constexpr (kIsBinary) {
      if (left() < 4) return fail(kCutOff);
      out = load<std::uint32_t>();
    } else {
      std::uint64_t bytes = 0;
      if (!varint(bytes)) return false;
      if (bytes > left()) return fail(kCutOff);
      out = static_cast<std::size_t>(bytes);
    }
    return out <= left() || fail(kCutOff);
  }

  bool map_head(ContainerHead& out) noexcept {
    if constexpr (kIsBinary) {
      if (left() < 6) return fail(kCutOff);
      out.key = static_cast<FieldKind>(*at_++);
      out.element = static_cast<FieldKind>(*at_++);
      out.count = load<std::uint32_t>();
    } else {
      std::uint64_t count = 0;
      if (!varint(count)) return false;
      if (count > left()) return fail(kCutOff);
      out = {FieldKind::stop, FieldKind::stop, static_cast<std::uint32_t>(count)};
      if (count == 0) return true;  // no kinds follow
      if (at_ == end_) return fail(kCutOff);
      const std::uint8_t kinds = *at_++;
      out.key = kind_of_code(kinds >> 4);
      out.element = kind_of_code(kinds & 0x0f);
    }
    return is_countable(out);
  }

  // Every element has at least one byte, so a false count ends here and not after four billion steps.
  bool is_countable(const ContainerHead& head) noexcept {
    if (head.count == 0) return true;
    if (!is_known(head.key) || !is_known(head.element)) return fail(kUnknownKind);
    return head.count <= left() || fail(kCutOff);
  }

  // In a container's element encoding, which differs from a field's only for compact bools. Recurses into containers
  // and structs, at most `depth` times.
  bool skip_value(FieldKind kind, unsigned depth) noexcept {
    if (is_over_) return false;
    if (const std::size_t bytes = fixed_bytes(kind); bytes > 0) return pass(bytes);
    switch (kind) {
      case FieldKind::text: {
        std::size_t bytes = 0;
        if (!length(bytes)) return false;
        at_ += bytes;
        return true;
      }
      case FieldKind::i16:
      case FieldKind::i32:
      case FieldKind::i64: {
        std::uint64_t ignored = 0;
        return varint(ignored);
      }
      case FieldKind::structure:
        return skip_struct(depth);
      case FieldKind::map:
      case FieldKind::set:
      case FieldKind::list:
        return skip_container(kind, depth);
      case FieldKind::stop:
      case FieldKind::boolean:
      case FieldKind::byte:
      case FieldKind::real:
        break;
    }
    return fail(kUnknownKind);
  }

  bool pass(std::uint64_t bytes) noexcept {
    if (bytes > left()) return fail(kCutOff);
    at_ += bytes;
    return true;
  }

  bool skip_struct(unsigned depth) noexcept {
    if (depth == 0) return fail("the message is nested too deeply");
    FieldReader inner = nested();
    FieldHead field;
    while (inner.next(field)) {
      const bool has_no_bytes = !kIsBinary && field.kind == FieldKind::boolean;
      if (!has_no_bytes && !inner.skip_value(field.kind, depth - 1)) break;
    }
    return resume_behind(inner);
  }

  bool skip_container(FieldKind kind, unsigned depth) noexcept {
    if (depth == 0) return fail("the message is nested too deeply");
    ContainerHead head;
    if (!container(kind, head)) return false;
    const bool is_map = kind == FieldKind::map;
    const std::uint64_t key_bytes = is_map ? fixed_bytes(head.key) : 0;
    const std::uint64_t element_bytes = fixed_bytes(head.element);
    if (element_bytes > 0 && (!is_map || key_bytes > 0)) return pass((key_bytes + element_bytes) * head.count);
    for (std::uint32_t index = 0; index < head.count; ++index) {
      if (is_map && !skip_value(head.key, depth - 1)) return false;
      if (!skip_value(head.element, depth - 1)) return false;
    }
    return true;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const char* why_ = nullptr;
  std::int16_t last_id_ = 0;  // compact: ids are written as differences
  bool truth_ = false;        // compact: of the bool whose head was read last
  bool is_over_ = false;
};

}  // namespace p2p
