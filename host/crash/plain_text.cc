#include "crash/plain_text.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace p2p::host {

PlainText& PlainText::add(std::string_view text) noexcept {
  const std::size_t count = std::min(text.size(), bytes_.size() - size_);
  for (std::size_t index = 0; index < count; ++index) bytes_[size_ + index] = text[index];
  size_ += count;
  return *this;
}

PlainText& PlainText::add_number(std::uint64_t number) noexcept { return add_digits(number, 10); }
PlainText& PlainText::add_hex(std::uint64_t number) noexcept { return add_digits(number, 16); }

PlainText& PlainText::add_digits(std::uint64_t number, int base) noexcept {
  std::array<char, 20> digits{};  // of 2^64 in base 10
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void PlainText::write_to(int descriptor) const noexcept {
  std::size_t done = 0;
  while (done < size_) {
    const ssize_t written = ::write(descriptor, bytes_.data() + done, size_ - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace p2p::host
