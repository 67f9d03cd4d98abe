// Does the host find the key that Thrift finds, and only if it is of the kind that is declared? One input of a fuzzer:
// which key is looked for, and a whole message as a client would send it, taken apart as the host's router does.
#pragma once

#include <p2p/field_reader.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

// What became of an input; for who wants to know whether inputs reach anything.
enum class Outcome : std::uint8_t { no_call, found, no_key, malformed };

// What a service may declare of its key; stop: nothing.
inline constexpr std::array<FieldKind, 6> kDeclaredKinds = {FieldKind::stop, FieldKind::text, FieldKind::byte,
                                                            FieldKind::i16,  FieldKind::i32,  FieldKind::i64};

// Byte 0: 0 or 1 in its lowest bit for binary or compact, the length of the path less one in the next three, and in the
// highest four which of kDeclaredKinds is declared; then a byte for each field id of the path; then the message. Aborts
// when the key is not the one that Thrift's own decoder finds.
Outcome try_key_finder(std::string_view input);

}  // namespace p2p::fuzz
