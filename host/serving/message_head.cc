#include "serving/message_head.h"

#include <boost/endian/conversion.hpp>

#include <cstring>

namespace p2p::host {
namespace {

using boost::endian::load_big_u16;
using boost::endian::load_big_u32;
using boost::endian::store_big_u32;

constexpr std::uint16_t kBinaryVersion = 0x8001;
constexpr std::uint8_t kCompactId = 0x82;
constexpr std::uint8_t kCompactVersion = 1;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(char* text) { return reinterpret_cast<unsigned char*>(text); }

Error malformed(const char* why) { return Error{ErrorKind::protocol, why}; }

bool known(std::uint8_t type) { return type >= 1 && type <= 4; }

Result<MessageHead> read_binary(std::string_view message) {
  if (message.size() < 12) return malformed("the head is cut off");
  const auto* at = bytes_of(message);
  if (load_big_u16(at) != kBinaryVersion) return malformed("not a strict binary message");
  if (!known(at[3])) return malformed("unknown message type");
  const std::uint32_t name_bytes = load_big_u32(at + 4);
  if (name_bytes > kMethodNameBytesMax) return malformed("the method's name is too long");
  if (message.size() < 12 + name_bytes) return malformed("the head is cut off");
  MessageHead head;
  head.type = static_cast<MessageType>(at[3]);
  head.name = message.substr(8, name_bytes);
  head.sequence = static_cast<std::int32_t>(load_big_u32(at + 8 + name_bytes));
  head.bytes = 12 + name_bytes;
  return head;
}

// Reads a varint of at most five bytes; false when it is cut off or longer.
bool read_varint(std::string_view message, std::size_t& at, std::uint32_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (at >= message.size()) return false;
    const auto byte = static_cast<std::uint8_t>(message[at++]);
    value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

std::size_t write_varint(std::uint32_t value, char* into) {
  std::size_t length = 0;
  while (value >= 0x80) {
    into[length++] = static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  into[length++] = static_cast<char>(value);
  return length;
}

Result<MessageHead> read_compact(std::string_view message) {
  if (message.size() < 2) return malformed("the head is cut off");
  const auto* at = bytes_of(message);
  const std::uint8_t type = at[1] >> 5;
  if (at[0] != kCompactId || (at[1] & 0x1f) != kCompactVersion) return malformed("not a compact message");
  if (!known(type)) return malformed("unknown message type");
  MessageHead head;
  std::size_t position = 2;
  std::uint32_t sequence = 0;
  std::uint32_t name_bytes = 0;
  if (!read_varint(message, position, sequence) || !read_varint(message, position, name_bytes)) {
    return malformed("the head is cut off");
  }
  if (name_bytes > kMethodNameBytesMax) return malformed("the method's name is too long");
  if (message.size() - position < name_bytes) return malformed("the head is cut off");
  head.type = static_cast<MessageType>(type);
  head.name = message.substr(position, name_bytes);
  head.sequence = static_cast<std::int32_t>(sequence);
  head.bytes = position + name_bytes;
  return head;
}

}  // namespace

Result<MessageHead> read_head(std::string_view message, Encoding encoding) {
  return encoding == Encoding::binary ? read_binary(message) : read_compact(message);
}

SplitName split_name(std::string_view name) {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) return {{}, name};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::span<char> strip_service(std::span<char> message, const MessageHead& head, Encoding encoding) {
  const std::string_view method = split_name(head.name).method;
  if (method.size() == head.name.size()) return message;
  char* method_at = message.data() + (method.data() - message.data());
  char* const end = message.data() + message.size();
  // The new head ends where the method's name begins; the removed prefix (two bytes or more) leaves room for it.
  if (encoding == Encoding::binary) {
    char* begin = method_at - 8;
    std::memmove(begin, message.data(), 4);
    store_big_u32(bytes_of(begin + 4), static_cast<std::uint32_t>(method.size()));
    return {begin, end};
  }
  char fresh[2 + 5 + 5];
  fresh[0] = message[0];
  fresh[1] = message[1];
  std::size_t length = 2;
  length += write_varint(static_cast<std::uint32_t>(head.sequence), fresh + length);
  length += write_varint(static_cast<std::uint32_t>(method.size()), fresh + length);
  char* begin = method_at - length;
  std::memcpy(begin, fresh, length);
  return {begin, end};
}

void append_binary_head(std::string& out, MessageType type, std::string_view service, std::string_view method,
                        std::int32_t sequence) {
  const std::size_t prefix = service.empty() ? 0 : service.size() + 1;
  char head[8] = {static_cast<char>(0x80), 0x01, 0, static_cast<char>(type)};
  store_big_u32(bytes_of(head + 4), static_cast<std::uint32_t>(prefix + method.size()));
  out.append(head, sizeof head);
  if (prefix != 0) out.append(service).push_back(':');
  out.append(method);
  char tail[4];
  store_big_u32(bytes_of(tail), static_cast<std::uint32_t>(sequence));
  out.append(tail, sizeof tail);
}

}  // namespace p2p::host
