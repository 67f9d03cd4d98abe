// Which keys and values does a load use? Each is made from a number, so a value tells which key it belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::load {

// Eight hexadecimal digits of the key's number stand at the front of a value that is at least this long.
inline constexpr std::size_t kTellingValueBytes = 8;

struct Dataset {
  std::size_t key_bytes = 16;
  std::size_t value_bytes = 100;

  // "key:000000000042"; longer than `key_bytes` when the number does not fit.
  std::string key(std::uint64_t number) const;

  // Exactly `value_bytes` long.
  std::string value(std::uint64_t number) const;

  // Compares every byte.
  bool is_value_of(std::uint64_t number, std::string_view value) const;
};

}  // namespace p2p::load
