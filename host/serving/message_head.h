// What does the head of a Thrift message say: which service and method, call or reply, which sequence id? Reads and
// rewrites heads in place, in both encodings; leaves the arguments alone. Pure: bytes in, values out.
#pragma once

#include <p2p/call.h>
#include <p2p/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace p2p::host {

enum class MessageType : std::uint8_t { call = 1, reply = 2, exception = 3, oneway = 4 };

// Bytes that a method's name may have, service prefix included. The longest of ours has 25.
inline constexpr std::size_t kMethodNameBytesMax = 256;

struct MessageHead {
  MessageType type = MessageType::call;
  std::string_view name;  // as it came: "diststore:get" or "get"; points into the message
  std::int32_t sequence = 0;
  std::size_t bytes = 0;  // the arguments begin here
};

// Reads the head of `message`. An error of kind protocol says what is wrong. [any thread]
Result<MessageHead> read_head(std::string_view message, Encoding encoding);

struct SplitName {
  std::string_view service;  // empty: the default service
  std::string_view method;
};
SplitName split_name(std::string_view name);

// Removes the service prefix from the message's head, in place: the message then begins later, and what is left of it
// is returned. `head` was read from `message`. [any thread]
std::span<char> strip_service(std::span<char> message, const MessageHead& head, Encoding encoding);

// Appends the head of a strict binary message to `out`.
void append_binary_head(std::string& out, MessageType type, std::string_view service, std::string_view method,
                        std::int32_t sequence);

}  // namespace p2p::host
