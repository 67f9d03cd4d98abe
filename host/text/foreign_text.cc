#include "text/foreign_text.h"

#include <cstdint>

namespace p2p::host {
namespace {

constexpr std::string_view kCut = "...";

// The bytes of the character that begins here; 0: no printable one does (RFC 3629, section 4).
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0u; };
  const auto follows = [&](std::size_t at) { return (byte(at) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) && (first != 0xc2 || byte(1) >= 0xa0) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool is_overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool is_surrogate = first == 0xed && byte(1) > 0x9f;
    return follows(1) && follows(2) && !is_overlong && !is_surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool is_overlong = first == 0xf0 && byte(1) < 0x90;
    const bool is_beyond = first == 0xf4 && byte(1) > 0x8f;
    return follows(1) && follows(2) && follows(3) && !is_overlong && !is_beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string foreign_text(std::string_view text, std::size_t bytes_max) {
  const bool is_cut = text.size() > bytes_max;
  const std::size_t room = bytes_max - (is_cut ? kCut.size() : 0);
  std::string shown;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (shown.size() + (bytes == 0 ? 1 : bytes) > room) break;
    shown += bytes == 0 ? std::string_view("?") : text.substr(0, bytes);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return is_cut ? shown.append(kCut) : shown;
}

const char* fault_of_text(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      const auto first = static_cast<std::uint8_t>(text.front());
      const auto second = text.size() > 1 ? static_cast<std::uint8_t>(text[1]) : std::uint8_t{0};
      const bool is_control = first < 0x80 || (first == 0xc2 && second >= 0x80 && second < 0xa0);
      return is_control ? "must not contain control characters" : "must be valid UTF-8";
    }
    text.remove_prefix(bytes);
  }
  return "";
}

}  // namespace p2p::host
