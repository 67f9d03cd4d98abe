#include "serving/oversized_message.h"

#include "serving/message_head.h"
#include "text/foreign_text.h"

#include <boost/endian/conversion.hpp>

#include <fmt/format.h>

#include <cstdint>

namespace p2p::host {
namespace {

// Of a key in the text.
constexpr std::size_t kShownBytesMax = 200;

// What the 2009 system hands over has strings as arguments, one after the other, each preceded by type, id and length.
constexpr std::size_t kTextHeadBytes = 7;
constexpr char kText = 11;

}  // namespace

std::string oversized_text(std::string_view begun, Encoding encoding) {
  const auto head = read_head(begun, encoding);
  if (!head.ok()) return "a message";
  std::string text = "a call of " + foreign_text(head.value().name);
  if (encoding != Encoding::binary) return text;
  std::string_view rest = begun.substr(head.value().bytes);
  for (const char* before = ": "; rest.size() >= kTextHeadBytes && rest[0] == kText; before = ", ") {
    const auto* bytes = reinterpret_cast<const unsigned char*>(rest.data());
    const std::uint16_t id = boost::endian::load_big_u16(bytes + 1);
    const std::uint32_t length = boost::endian::load_big_u32(bytes + 3);
    rest.remove_prefix(kTextHeadBytes);
    if (length > rest.size()) return text + fmt::format("{}field {} has {} bytes", before, id, length);
    text += fmt::format("{}field {} is '{}'{}", before, id,
                        foreign_text(rest.substr(0, std::min<std::size_t>(length, kShownBytesMax))),
                        length > kShownBytesMax ? fmt::format(" and {} bytes more", length - kShownBytesMax) : "");
    rest.remove_prefix(length);
  }
  return text;
}

}  // namespace p2p::host
