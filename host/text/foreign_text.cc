#include "text/foreign_text.h"

#include <boost/locale/utf.hpp>

namespace p2p::host {
namespace {

namespace utf = boost::locale::utf;

constexpr std::string_view kCut = "...";

bool is_control(utf::code_point code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

// The bytes of the character that begins here; 0: no printable one does (RFC 3629, section 4).
std::size_t character_bytes(std::string_view text) {
  const char* end = text.begin();
  const utf::code_point code = utf::utf_traits<char>::decode(end, text.end());
  return utf::is_valid_codepoint(code) && !is_control(code) ? static_cast<std::size_t>(end - text.begin()) : 0;
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
      const char* begin = text.begin();
      return is_control(utf::utf_traits<char>::decode(begin, text.end())) ? "must not contain control characters"
                                                                          : "must be valid UTF-8";
    }
    text.remove_prefix(bytes);
  }
  return "";
}

}  // namespace p2p::host
