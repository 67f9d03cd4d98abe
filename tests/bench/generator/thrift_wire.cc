#include "generator/wire.h"

#include <Store.h>
#include <fmt/format.h>
#include <p2p/handlers.h>

#include <cstdint>
#include <stdexcept>

namespace p2p::bench {
namespace {

constexpr std::size_t kFrameHead = 4;
constexpr std::size_t kMessageTypeAt = 3;  // in a strict binary message: version (2), unused (1), type (1), name, sequence
constexpr char kReplyType = 2;
constexpr std::uint32_t kFrameBytesMax = 16 * 1024 * 1024;  // p2phost's default; replies here have a few hundred

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < 4; ++at) number = number << 8 | static_cast<std::uint8_t>(bytes[at]);
  return number;
}

std::string framed(const std::string& message) {
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(message.size() >> shift);
  return frame + message;
}

// A reply in a frame is good when it is no exception and as large as one that says "done" must be at least.
std::optional<Reply> framed_reply(std::string_view received, std::size_t least_bytes) {
  if (received.size() < kFrameHead) return std::nullopt;
  const std::uint32_t frame_bytes = big_endian(received);
  if (frame_bytes <= kMessageTypeAt || frame_bytes > kFrameBytesMax) {
    throw std::runtime_error(fmt::format("a frame of {} bytes came back", frame_bytes));
  }
  if (received.size() < kFrameHead + frame_bytes) return std::nullopt;
  const bool is_reply = received[kFrameHead + kMessageTypeAt] == kReplyType;
  return Reply{kFrameHead + frame_bytes, is_reply && frame_bytes >= least_bytes};
}

class FramedRead final : public Wire {
 public:
  explicit FramedRead(std::size_t value_bytes) : value_bytes_(value_bytes) {}

  std::string request(std::string_view key) const override {
    diststore::Store_read_args arguments;
    arguments.key = key;
    return framed(encode_call("diststore:read", arguments));
  }
  std::optional<Reply> reply(std::string_view received) const override { return framed_reply(received, value_bytes_); }

 private:
  const std::size_t value_bytes_;  // a reply shorter than the value does not bring it
};

class FramedWrite final : public Wire {
 public:
  explicit FramedWrite(std::string value) : value_(std::move(value)) {}

  std::string request(std::string_view key) const override {
    diststore::Store_write_args arguments;
    arguments.key = key;
    arguments.value = value_;
    return framed(encode_call("diststore:write", arguments));
  }
  std::optional<Reply> reply(std::string_view received) const override {
    // A declared StoreError comes as a reply too: its field 1 instead of the result's field 0, behind the head. `write` has 5
    // letters, so that the head is 4 + 4 + 5 + 4 bytes long, and the field's number follows its type.
    constexpr std::size_t kFieldNumberAt = kFrameHead + 4 + 4 + 5 + 4 + 1;
    auto answer = framed_reply(received, kFieldNumberAt - kFrameHead + 2);
    if (answer && answer->good) answer->good = received[kFieldNumberAt] == 0 && received[kFieldNumberAt + 1] == 0;
    return answer;
  }

 private:
  const std::string value_;
};

class ClassicGet final : public Wire {
 public:
  explicit ClassicGet(std::size_t value_bytes) : value_bytes_(value_bytes) {}

  std::string request(std::string_view key) const override {
    diststore::Store_get_args arguments;
    arguments.key = key;
    return encode_call("get", arguments);
  }

  // An unframed message has no length; but this one always has the same shape: head, field 0 as a string, end.
  std::optional<Reply> reply(std::string_view received) const override {
    constexpr std::size_t kHead = 4 + 4 + 3 + 4;  // version and type, length of the name, "get", sequence
    constexpr std::size_t kValueAt = kHead + 1 + 2 + 4;
    if (received.size() < kValueAt) return std::nullopt;
    if (received[kMessageTypeAt] != kReplyType || received[kHead] != apache::thrift::protocol::T_STRING) {
      throw std::runtime_error("get was answered with an exception");
    }
    const std::uint32_t value_bytes = big_endian(received.substr(kHead + 3));
    const std::size_t length = kValueAt + value_bytes + 1;
    if (received.size() < length) return std::nullopt;
    return Reply{length, value_bytes == value_bytes_};
  }

 private:
  const std::size_t value_bytes_;
};

}  // namespace

std::unique_ptr<Wire> framed_read(const std::string& value) { return std::make_unique<FramedRead>(value.size()); }
std::unique_ptr<Wire> framed_write(const std::string& value) { return std::make_unique<FramedWrite>(value); }
std::unique_ptr<Wire> classic_get(const std::string& value) { return std::make_unique<ClassicGet>(value.size()); }

}  // namespace p2p::bench
