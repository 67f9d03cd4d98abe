#include "load/dataset.h"

#include <array>

namespace p2p::load {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::array<char, kTellingValueBytes> mark_of(std::uint64_t number) {
  std::array<char, kTellingValueBytes> mark{};
  for (std::size_t at = mark.size(); at-- > 0; number >>= 4) mark[at] = kDigits[number & 0xF];
  return mark;
}

char filler_of(std::uint64_t number) { return static_cast<char>('A' + number % 26); }

}  // namespace

std::string Dataset::key(std::uint64_t number) const {
  const std::string digits = std::to_string(number);
  std::string text = "key:";
  if (key_bytes > text.size() + digits.size()) text.append(key_bytes - text.size() - digits.size(), '0');
  return text + digits;
}

std::string Dataset::value(std::uint64_t number) const {
  const auto mark = mark_of(number);
  std::string text(mark.data(), mark.size());
  text.resize(value_bytes, filler_of(number));
  return text;
}

bool Dataset::is_value_of(std::uint64_t number, std::string_view value) const {
  if (value.size() != value_bytes) return false;
  const auto mark = mark_of(number);
  const std::string_view told = value.substr(0, mark.size());
  return told == std::string_view(mark.data(), told.size()) &&
         value.find_first_not_of(filler_of(number), told.size()) == std::string_view::npos;
}

}  // namespace p2p::load
