#include "config/place.h"

#include "text/foreign_text.h"

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

// Letters of a line in an excerpt: what fits a terminal, up to half of them before the marked piece.
constexpr std::uint32_t kExcerptLetters = 160;
constexpr std::uint32_t kLettersBefore = kExcerptLetters / 2;

bool continues_a_letter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// `count` letters of `line` after its first `begin`.
std::string_view letters_of(std::string_view line, std::uint32_t begin, std::uint32_t count) {
  const auto skip = [](std::string_view text, std::uint32_t letters) {
    std::size_t at = 0;
    while (at < text.size() && letters > 0) {
      for (++at; at < text.size() && continues_a_letter(text[at]);) ++at;
      --letters;
    }
    return at;
  };
  line.remove_prefix(skip(line, begin));
  return line.substr(0, skip(line, count));
}

// Fit for a terminal and a log. Tabs stay.
std::string shown(std::string_view line) {
  std::string text;
  for (;;) {
    const std::size_t tab = std::min(line.find('\t'), line.size());
    text += foreign_text(line.substr(0, tab));
    if (tab == line.size()) return text;
    text += '\t';
    line.remove_prefix(tab + 1);
  }
}

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
  if (place.line == 0) return foreign_text(source.name);
  return fmt::format("{}:{}:{}", foreign_text(source.name), place.line, place.column);
}

std::string Sources::excerpt(const Place& place) const {
  const std::string_view line = place.line == 0 ? std::string_view() : line_of(of(place).text, place.line);
  if (line.empty() || place.column == 0) return {};
  const auto letters = static_cast<std::uint32_t>(
      std::count_if(line.begin(), line.end(), [](char byte) { return !continues_a_letter(byte); }));
  const std::uint32_t column = std::min(place.column, letters + 1);
  const std::uint32_t cut = letters > kExcerptLetters && column > kLettersBefore ? column - kLettersBefore : 0;
  const std::string_view piece = letters_of(line, cut, kExcerptLetters);
  const std::uint32_t end = std::min(letters, cut + kExcerptLetters);
  const std::uint32_t room = end >= column ? end - column + 1 : 1;
  const std::string tail(std::clamp(place.width, 1u, room) - 1, '~');
  return fmt::format("{:>5} | {}\n      | {}^{}\n", place.line, shown(piece), blank(piece, column - cut - 1), tail);
}

}  // namespace p2p::host
