#include "load/thrift_reply.h"

#include "retry/faults.h"

#include <Store.h>
#include <fmt/format.h>
#include <thrift/TApplicationException.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <memory>
#include <stdexcept>

namespace p2p::load {
namespace {

using apache::thrift::protocol::TBinaryProtocol;
using apache::thrift::transport::TMemoryBuffer;

constexpr std::uint32_t kFrameBytesMax = 256 * 1024 * 1024;  // a larger length is not a Thrift frame's
constexpr std::uint32_t kStrictVersion = 0x80010000;
constexpr std::size_t kHeadBytes = 4 + 4 + 4;  // version and type, length of the name, sequence id; without the name

// Reads a whole message into `result`, a generated type.
template <class Result>
void decode(std::string_view message, Result& result) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(message.data()));  // observed, not written
  const auto buffer = std::make_shared<TMemoryBuffer>(bytes, static_cast<std::uint32_t>(message.size()));
  TBinaryProtocol protocol(buffer);
  std::string method;
  apache::thrift::protocol::TMessageType type{};
  std::int32_t sequence = 0;
  protocol.readMessageBegin(method, type, sequence);
  result.read(&protocol);
}

Told told_by(const diststore::StoreError& error) {
  const retry::Fault& fault = retry::fault_of_store_error(error.kind);
  if (fault.is_too_much) return {Verdict::refused, error.message, {}};
  return {fault.executed == retry::Executed::no ? Verdict::not_executed : Verdict::unavailable, error.message, {}};
}

}  // namespace

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < 4; ++at) number = number << 8 | static_cast<std::uint8_t>(bytes[at]);
  return number;
}

std::optional<std::string_view> frame_of(std::string_view received) {
  if (received.size() < kFrameHead) return std::nullopt;
  const std::uint32_t bytes = big_endian(received);
  if (bytes < kHeadBytes || bytes > kFrameBytesMax) {
    throw std::runtime_error(fmt::format("a frame of {} bytes came back", bytes));
  }
  if (received.size() - kFrameHead < bytes) return std::nullopt;
  return received.substr(kFrameHead, bytes);
}

MessageHead head_of(std::string_view message) {
  if (message.size() < kHeadBytes || (big_endian(message) & 0xFFFF0000) != kStrictVersion) {
    throw std::runtime_error("what came back is no message of the binary protocol");
  }
  const std::uint32_t name_bytes = big_endian(message.substr(4));
  if (name_bytes > message.size() - kHeadBytes) throw std::runtime_error("a message is shorter than its name");
  const char type = message[3];
  return {.is_reply = type == apache::thrift::protocol::T_REPLY,
          .method = message.substr(8, name_bytes),
          .sequence = big_endian(message.substr(8 + name_bytes)),
          .body = message.substr(kHeadBytes + name_bytes)};
}

std::optional<std::string_view> found_value(std::string_view body) {
  using namespace std::string_view_literals;
  // Field 0 is a structure; its field 1 a true bool; its field 2 the value, of which only the length differs.
  constexpr std::string_view kFound = "\x0C\x00\x00\x02\x00\x01\x01\x0B\x00\x02"sv;
  if (!body.starts_with(kFound) || body.size() < kFound.size() + 4) return std::nullopt;
  const std::uint32_t bytes = big_endian(body.substr(kFound.size()));
  body.remove_prefix(kFound.size() + 4);
  if (bytes > body.size()) return std::nullopt;
  return body.substr(0, bytes);
}

Told decode_exception(std::string_view message) {
  apache::thrift::TApplicationException exception;
  decode(message, exception);
  return {Verdict::failed, exception.what(), {}};
}

Told decode_read(std::string_view message) {
  diststore::Store_read_result result;
  decode(message, result);
  if (result.__isset.error) return told_by(result.error);
  if (!result.__isset.success) return {Verdict::failed, "a read was answered with neither result nor error", {}};
  if (!result.success.found) return {Verdict::missing, "the store has no such key", {}};
  return {Verdict::good, {}, std::move(result.success.value)};
}

Told decode_write(std::string_view message) {
  diststore::Store_write_result result;
  decode(message, result);
  if (result.__isset.error) return told_by(result.error);
  if (!result.__isset.success) return {Verdict::failed, "a write was answered with neither result nor error", {}};
  return {};
}

}  // namespace p2p::load
