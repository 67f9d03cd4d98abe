// How is a short piece of a strict binary Thrift message written without a protocol object? For the few hottest
// messages: heads, field headers and numbers go to memory on the stack, texts are appended between them.
//
//   BinaryPiece<64> head;
//   head.message(T_REPLY, "read", sequence);
//   head.field(T_STRING, 0);
//   head.length(value.size());
//   out.append(head.written()).append(value);
#pragma once

#include <p2p/assert.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace p2p {

// Writing more than `room` bytes aborts: callers know their maximum. One thread at a time.
template <std::size_t room>
class BinaryPiece final {
 public:
  std::string_view written() const noexcept { return {bytes_, size_}; }

  void byte(std::uint8_t value) noexcept { number<1>(value); }
  void i32(std::int32_t value) noexcept { number<4>(static_cast<std::uint32_t>(value)); }
  void i64(std::int64_t value) noexcept { number<8>(static_cast<std::uint64_t>(value)); }
  void boolean(bool value) noexcept { byte(value ? 1 : 0); }
  // Precedes a text that the caller appends.
  void length(std::size_t bytes) noexcept { number<4>(bytes); }
  void text(std::string_view value) noexcept {
    length(value.size());
    P2P_ASSERT(value.size() <= room - size_, "a piece has room for what is written");
    size_ += value.copy(bytes_ + size_, value.size());
  }
  // `type` and `kind` are Thrift's own codes (TMessageType, TType).
  void message(std::uint8_t type, std::string_view name, std::int32_t sequence) noexcept {
    number<4>(std::uint32_t{0x80010000} | type);
    text(name);
    i32(sequence);
  }
  void field(std::uint8_t kind, std::int16_t id) noexcept {
    number<3>(std::uint32_t{kind} << 16 | static_cast<std::uint16_t>(id));
  }
  void stop() noexcept { byte(0); }

 private:
  // The lowest `count` bytes of `value`. Unrolled, that is a swap of bytes and a store.
  template <std::size_t count>
  void number(std::uint64_t value) noexcept {
    P2P_ASSERT(count <= room - size_, "a piece has room for what is written");
#pragma GCC unroll 8
    for (std::size_t at = 0; at < count; ++at) bytes_[size_ + at] = static_cast<char>(value >> 8 * (count - 1 - at));
    size_ += count;
  }

  char bytes_[room];
  std::size_t size_ = 0;
};

}  // namespace p2p
