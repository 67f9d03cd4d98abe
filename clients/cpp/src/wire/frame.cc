#include "wire/frame.h"

#include <optional>

namespace p2p::client {
namespace {

constexpr std::uint32_t kVersion = 0x80010000U;  // of strict binary messages; the last byte is the type
constexpr std::uint32_t kVersionMask = 0xffff0000U;
constexpr std::uint32_t kCall = 1;
constexpr std::uint32_t kReply = 2;
constexpr std::uint32_t kException = 3;
constexpr std::size_t kNameAt = 8;  // in a message: after the version and the length of the name

std::uint32_t number_at(std::string_view bytes, std::size_t at) noexcept {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

void put_number(std::string& bytes, std::size_t at, std::uint32_t number) noexcept {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(number >> (24 - 8 * i));
}

void append_number(std::string& bytes, std::uint32_t number) {
  const std::size_t at = bytes.size();
  bytes.resize(at + 4);
  put_number(bytes, at, number);
}

// The head of the message at the front, or nothing when it is cut short or not strict binary.
struct MessageHead {
  std::uint32_t type;
  std::string_view name;
};
std::optional<MessageHead> head_of(std::string_view message) noexcept {
  if (message.size() < kNameAt + 4) return std::nullopt;
  const std::uint32_t version = number_at(message, 0);
  const std::uint32_t name_bytes = number_at(message, 4);
  if ((version & kVersionMask) != kVersion || name_bytes > message.size() - kNameAt - 4) return std::nullopt;
  return MessageHead{version & 0xffU, message.substr(kNameAt, name_bytes)};
}

// Appends room for the frame's length and the head up to the sequence id; returns where the id goes.
FrameInfo append_head(std::string& frame, std::string_view service, std::string_view method) {
  const std::size_t prefix = service.empty() ? 0 : service.size() + 1;
  append_number(frame, 0);
  append_number(frame, kVersion | kCall);
  append_number(frame, static_cast<std::uint32_t>(prefix + method.size()));
  if (prefix != 0) frame.append(service).append(1, ':');
  frame.append(method);
  const FrameInfo info{frame.size()};
  append_number(frame, 0);
  return info;
}

void set_length(std::string& frame) noexcept {
  put_number(frame, 0, static_cast<std::uint32_t>(frame.size() - kFrameHeadBytes));
}

}  // namespace

FrameInfo begin_call(Codec& codec, std::string_view service, std::string_view method) {
  std::string& block = codec.out().block();
  block.clear();
  return append_head(block, service, method);
}

void end_call(Codec& codec, std::string& frame) {
  frame.swap(codec.out().block());
  set_length(frame);
}

Result<FrameInfo> frame_of(std::string_view service, std::string_view message, std::string& frame) {
  const auto head = head_of(message);
  if (!head || head->type != kCall) {
    return Error{ErrorKind::invalid, "a request is no whole binary Thrift message of a call that is answered"};
  }
  frame.clear();
  const FrameInfo info = append_head(frame, service, head->name);
  frame.append(message.substr(kNameAt + head->name.size() + 4));
  set_length(frame);
  return info;
}

void set_sequence(std::string& frame, FrameInfo info, std::int32_t sequence) noexcept {
  put_number(frame, info.sequence_at, static_cast<std::uint32_t>(sequence));
}

std::uint32_t length_at(std::string_view bytes) noexcept { return number_at(bytes, 0); }

Result<ReplyHead> read_reply_head(std::string_view message) {
  const auto head = head_of(message);
  if (!head || (head->type != kReply && head->type != kException)) {
    return Error{ErrorKind::protocol, "the answer is no binary Thrift reply"};
  }
  const std::size_t sequence_at = kNameAt + head->name.size();
  return ReplyHead{head->type == kException, static_cast<std::int32_t>(number_at(message, sequence_at)),
                   sequence_at + 4};
}

}  // namespace p2p::client
