// In what form does a client send messages? Detected from the first bytes of a connection; fixed for its life. Pure.
#pragma once

#include <p2p/call.h>

#include <cstdint>
#include <string_view>

namespace p2p::host {

struct WireForm {
  bool is_http = false;  // then nothing else is known
  bool framed = false;
  Encoding encoding = Encoding::binary;
};

enum class Detection : std::uint8_t { known, need_more, unknown };

// Frame lengths stay below the first byte of a TLS hello (0x16), so that a length can never look like one.
inline constexpr std::uint64_t kFrameBytesLimit = 352ull << 20;

// Looks at the first bytes of a connection: a capital letter, with which every method of HTTP begins, 0x80 0x01
// unframed strict binary, 0x82 unframed compact, otherwise a frame length with one of them inside. `form` is set only
// when known. Needs 6 bytes at most.
Detection detect(std::string_view first, WireForm& form);

}  // namespace p2p::host
