#include "config/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace p2p::host {
namespace {

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

bool continues_a_letter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// As wide on a screen as the first `columns` letters of `line`: tabs stay, all else becomes a space.
std::string blank(std::string_view line, std::uint32_t columns) {
  std::string result;
  for (const char byte : line) {
    if (continues_a_letter(byte)) continue;
    if (columns-- == 0) break;
    result += byte == '\t' ? '\t' : ' ';
  }
  return result;
}

}  // namespace

std::string Sources::describe(const Place& place) const {
  const Source& source = of(place);
  if (place.line == 0) return source.name;
  return fmt::format("{}:{}:{}", source.name, place.line, place.column);
}

std::string Sources::excerpt(const Place& place) const {
  const std::string_view line = place.line == 0 ? std::string_view() : line_of(of(place).text, place.line);
  if (line.empty() || place.column == 0) return {};
  const auto letters = static_cast<std::uint32_t>(
      std::count_if(line.begin(), line.end(), [](char byte) { return !continues_a_letter(byte); }));
  const std::uint32_t room = letters >= place.column ? letters - place.column + 1 : 1;
  const std::string tail(std::clamp(place.width, 1u, room) - 1, '~');
  return fmt::format("{:>5} | {}\n      | {}^{}\n", place.line, line, blank(line, place.column - 1), tail);
}

}  // namespace p2p::host
