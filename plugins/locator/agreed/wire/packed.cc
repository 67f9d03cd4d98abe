#include "agreed/wire/packed.h"

#include "agreed/wire/malformed.h"

namespace p2p::cluster::wire {

namespace {

constexpr unsigned kBits = 7;  // of a number, in a byte
constexpr std::uint64_t kMask = (1u << kBits) - 1;
constexpr unsigned kNumberBits = 64;

}  // namespace

void Packer::number(std::uint64_t value) {
  for (; value > kMask; value >>= kBits) bytes_.push_back(static_cast<char>((value & kMask) | (kMask + 1)));
  bytes_.push_back(static_cast<char>(value));
}

std::uint64_t Unpacker::number(std::uint64_t max) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < kNumberBits; shift += kBits) {
    if (rest_.empty()) refuse("packed numbers are cut off");
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    const std::uint64_t piece = byte & kMask;
    if (piece << shift >> shift != piece) break;
    value |= piece << shift;
    if (byte > kMask) continue;
    if (value > max) break;
    return value;
  }
  refuse("a packed number is too large");
}

}  // namespace p2p::cluster::wire
