#include "agreed/disk/record.h"

#include <p2p/assert.h>

#include <xxhash.h>

namespace p2p::agreed {
namespace {

// Head: magic, version (2 bytes), kind (2), length of the payload (4), checksum of all but magic and itself (8).
constexpr std::string_view kMagic = "p2pnode\n";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kKindAt = 10;
constexpr std::size_t kLengthAt = 12;
constexpr std::size_t kChecksumAt = 16;

std::uint64_t checksum(std::string_view fields, std::string_view payload) {
  return XXH3_64bits_withSeed(payload.data(), payload.size(), XXH3_64bits(fields.data(), fields.size()));
}

Error wrong(const char* what) { return Error{ErrorKind::invalid, what}; }

}  // namespace

void append_number(std::string& bytes, std::uint64_t number, int length) {
  for (int shift = 8 * (length - 1); shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift));
}

std::uint64_t number_at(std::string_view bytes, std::size_t at, int length) {
  P2P_ASSERT(at + static_cast<std::size_t>(length) <= bytes.size(), "the number is within the bytes");
  std::uint64_t number = 0;
  for (int i = 0; i < length; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

std::string encode_record(RecordKind kind, std::string_view payload) {
  P2P_ASSERT(payload.size() <= UINT32_MAX, "a record is shorter than 4 GiB");
  std::string bytes(kMagic);
  append_number(bytes, kVersion, 2);
  append_number(bytes, static_cast<std::uint64_t>(kind), 2);
  append_number(bytes, payload.size(), 4);
  append_number(bytes, checksum(std::string_view(bytes).substr(kVersionAt), payload));
  bytes += payload;
  return bytes;
}

Result<std::string_view> decode_record(RecordKind kind, std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return wrong("it is no file of p2phost, or its beginning is damaged");
  if (bytes.size() < kRecordHeadBytes) return wrong("it is cut short");
  if (number_at(bytes, kVersionAt, 2) > kVersion) return wrong("a newer version of p2phost wrote it, or it is damaged");
  const std::string_view payload = bytes.substr(kRecordHeadBytes);
  if (payload.size() < number_at(bytes, kLengthAt, 4)) return wrong("it is cut short");
  if (payload.size() > number_at(bytes, kLengthAt, 4)) return wrong("it has more bytes than were written");
  const std::string_view fields = bytes.substr(kVersionAt, kChecksumAt - kVersionAt);
  if (number_at(bytes, kChecksumAt) != checksum(fields, payload)) return wrong("its checksum is wrong: it is damaged");
  if (number_at(bytes, kKindAt, 2) != static_cast<std::uint64_t>(kind)) return wrong("it is another file of this node");
  return payload;
}

}  // namespace p2p::agreed
