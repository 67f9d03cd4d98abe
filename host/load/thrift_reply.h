// What does a binary Thrift reply of the store say? Good ones are read in place; others are decoded for their text.
#pragma once

#include "load/failures.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::load {

inline constexpr std::size_t kFrameHead = 4;

std::uint32_t big_endian(std::string_view bytes);  // of the first four

// The frame at the start of `received`, without its head; nothing while it is incomplete. Throws std::runtime_error on
// an impossible length.
std::optional<std::string_view> frame_of(std::string_view received);

// A whole message whose head has been read.
struct MessageHead {
  bool is_reply = false;  // no exception
  std::string_view method;
  std::uint32_t sequence = 0;
  std::string_view body;
};

// Throws std::runtime_error when it is no message of the strict binary protocol.
MessageHead head_of(std::string_view message);

// The sequence id of requests for key `number`.
constexpr std::uint32_t sequence_of(std::uint64_t number) { return static_cast<std::uint32_t>(number & 0x7FFFFFFF); }

// The value of a `read` that found one, if encoded as generated code writes it; otherwise use decode_read.
std::optional<std::string_view> found_value(std::string_view body);

struct Told {
  Verdict verdict = Verdict::good;
  std::string words;
  std::string value;  // of a read that found one
};

// What the exception says, for a message that is not a reply.
Told decode_exception(std::string_view message);
Told decode_read(std::string_view message);
Told decode_write(std::string_view message);

}  // namespace p2p::load
