#include "crash/plain_text.h"

#include <charconv>

namespace p2p::host {

PlainText& PlainText::add(std::string_view text) noexcept {
  size_ += text.copy(bytes_.data() + size_, bytes_.size() - size_);
  return *this;
}

PlainText& PlainText::add_number(std::uint64_t number) noexcept { return add_digits(number, 10); }
PlainText& PlainText::add_hex(std::uint64_t number) noexcept { return add_digits(number, 16); }

PlainText& PlainText::add_digits(std::uint64_t number, int base) noexcept {
  std::array<char, 20> digits{};  // of 2^64 in base 10
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace p2p::host
