// What does a file of a node's folder hold, and is it whole? Magic, version, kind, length and checksum before the
// bytes; all numbers big-endian.
#pragma once

#include <p2p/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::agreed {

enum class RecordKind : std::uint16_t {
  identity = 1,
  agreement = 2,
  ending = 3,
};

inline constexpr std::size_t kRecordHeadBytes = 24;

std::string encode_record(RecordKind kind, std::string_view payload);

// The payload, a part of `bytes`. An error says what is wrong, after which the caller says with which file.
Result<std::string_view> decode_record(RecordKind kind, std::string_view bytes);

// Big-endian numbers, for payloads.
void append_number(std::string& bytes, std::uint64_t number, int length = 8);
std::uint64_t number_at(std::string_view bytes, std::size_t at, int length = 8);  // within `bytes`

}  // namespace p2p::agreed
