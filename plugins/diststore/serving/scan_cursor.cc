#include "serving/scan_cursor.h"

#include <xxhash.h>

#include <cstddef>

namespace p2p::diststore {
namespace {

// A head, a bit for each partition, then the open one if there is one: its number, whose position, and the position. A
// checksum ends it, so that what was cut or mistyped is not taken for another scan. Numbers begin with the lowest byte.
constexpr std::string_view kHead = "p2s1";
constexpr std::size_t kBitsBytes = kPartitions / 8;
constexpr std::size_t kOpenBytesMin = 2 + 8;
constexpr std::size_t kChecksumBytes = 4;

template <std::size_t bytes>
void append(std::string& to, std::uint64_t number) {
  for (std::size_t at = 0; at < bytes; ++at) to.push_back(static_cast<char>(number >> (8 * at) & 0xff));
}

// Takes them off the front.
template <std::size_t bytes>
std::uint64_t take(std::string_view& from) {
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < bytes; ++at) number |= std::uint64_t{static_cast<unsigned char>(from[at])} << (8 * at);
  from.remove_prefix(bytes);
  return number;
}

std::uint32_t checksum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace

std::string ScanCursor::encode() const {
  const bool is_at_an_end = done.all() || (done.none() && !open);
  if (is_at_an_end) return {};
  std::string encoded(kHead);
  for (Partition first = 0; first < kPartitions; first += 8) {
    unsigned bits = 0;
    for (unsigned bit = 0; bit < 8; ++bit) bits |= static_cast<unsigned>(done[first + bit]) << bit;
    encoded.push_back(static_cast<char>(bits));
  }
  if (open) {
    append<2>(encoded, open->partition);
    append<8>(encoded, open->engine);
    encoded.append(open->place);
  }
  append<kChecksumBytes>(encoded, checksum_of(encoded));
  return encoded;
}

std::optional<ScanCursor> ScanCursor::decode(std::string_view encoded) {
  ScanCursor cursor;
  if (encoded.empty()) return cursor;
  if (encoded.size() < kHead.size() + kBitsBytes + kChecksumBytes || !encoded.starts_with(kHead)) return std::nullopt;
  std::string_view checksum = encoded.substr(encoded.size() - kChecksumBytes);
  encoded.remove_suffix(kChecksumBytes);
  if (take<kChecksumBytes>(checksum) != checksum_of(encoded)) return std::nullopt;
  encoded.remove_prefix(kHead.size());
  for (Partition first = 0; first < kPartitions; first += 8) {
    const std::uint64_t bits = take<1>(encoded);
    for (unsigned bit = 0; bit < 8; ++bit) cursor.done[first + bit] = (bits >> bit & 1) != 0;
  }
  if (encoded.empty()) return cursor;
  if (encoded.size() < kOpenBytesMin) return std::nullopt;
  Open open;
  open.partition = static_cast<Partition>(take<2>(encoded));
  open.engine = take<8>(encoded);
  open.place = encoded;
  if (open.partition >= kPartitions || cursor.done[open.partition]) return std::nullopt;
  cursor.open = std::move(open);
  return cursor;
}

}  // namespace p2p::diststore
