// How does a signal handler write a line? Into a buffer of fixed size, without memory, locks or locale. What no longer
// fits is cut off. [any thread, signal handler]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace p2p::host {

class PlainText final {
 public:
  PlainText& add(std::string_view text) noexcept;
  PlainText& add_number(std::uint64_t number) noexcept;
  PlainText& add_hex(std::uint64_t number) noexcept;

  std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  // A line about a crash has less than 300 bytes with the longest names.
  static constexpr std::size_t kBytesMax = 512;

  PlainText& add_digits(std::uint64_t number, int base) noexcept;

  std::array<char, kBytesMax> bytes_;  // only the first size_ are set
  std::size_t size_ = 0;
};

}  // namespace p2p::host
