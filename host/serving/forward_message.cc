#include "serving/forward_message.h"

#include <p2p/field_reader.h>
#include <p2p/handlers.h>

#include <peer_types.h>

#include <boost/endian/conversion.hpp>

#include <cstring>

namespace p2p::host {
namespace {

using apache::thrift::protocol::T_I32;
using apache::thrift::protocol::T_I64;
using apache::thrift::protocol::T_REPLY;
using apache::thrift::protocol::T_STOP;
using apache::thrift::protocol::T_STRING;
using apache::thrift::protocol::T_STRUCT;

// Writes strict binary into memory that is large enough.
class BinaryWriter final {
 public:
  explicit BinaryWriter(char* at) noexcept : at_(at) {}

  char* at() const noexcept { return at_; }
  void byte(std::uint8_t value) noexcept { *at_++ = static_cast<char>(value); }
  void i32(std::int32_t value) noexcept { put(boost::endian::native_to_big(value)); }
  void i64(std::int64_t value) noexcept { put(boost::endian::native_to_big(value)); }
  void bytes(std::string_view value) noexcept {
    i32(static_cast<std::int32_t>(value.size()));
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }
  void field(std::uint8_t type, std::int16_t id) noexcept {
    byte(type);
    put(boost::endian::native_to_big(id));
  }
  void head(MessageType type, std::string_view name, std::int32_t sequence) noexcept {
    i32(static_cast<std::int32_t>(0x80010000u | static_cast<std::uint32_t>(type)));
    bytes(name);
    i32(sequence);
  }

 private:
  template <class Value>
  void put(Value value) noexcept {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

  char* at_;
};

// Appends what `write(BinaryWriter&)` writes: `bytes_max` at most.
template <class Write>
void append(std::string& out, std::size_t bytes_max, Write write) {
  const std::size_t before = out.size();
  out.resize(before + bytes_max);
  BinaryWriter writer(out.data() + before);
  write(writer);
  out.resize(static_cast<std::size_t>(writer.at() - out.data()));
}

// "Peer:forward"
constexpr std::string_view kForwardName = "Peer:forward";

constexpr std::size_t kReplyOverheadBytes = 64;

// The rare form: whoever sends Peer.forward in compact gets its reply so.
void append_compact_reply(std::string& out, std::int32_t sequence, const peer::ForwardReply& reply) {
  Codec codec;
  CompactProtocol& protocol = codec.compact_out();
  protocol.writeMessageBegin(std::string(kForwardMethod), T_REPLY, sequence);
  protocol.writeStructBegin("");
  protocol.writeFieldBegin("", T_STRUCT, 0);
  reply.write(&protocol);
  protocol.writeFieldEnd();
  protocol.writeFieldStop();
  protocol.writeStructEnd();
  protocol.writeMessageEnd();
  out.append(codec.out().written());
}

template <p2p::Encoding form>
std::optional<ForwardRequest> read_request(std::string_view arguments) {
  ForwardRequest request;
  FieldReader<form> reader(arguments);
  FieldHead field;
  std::int64_t hops = 0;
  std::int64_t encoding = 0;
  while (reader.next(field)) {
    switch (field.id) {
      case 1:
        if (!reader.integer(field.kind, request.view)) return std::nullopt;
        break;
      case 2:
        if (!reader.integer(field.kind, hops)) return std::nullopt;
        break;
      case 3:
        if (field.kind != FieldKind::text || !reader.text(request.target)) return std::nullopt;
        break;
      case 4:
        if (!reader.integer(field.kind, encoding)) return std::nullopt;
        break;
      case 5:
        if (field.kind != FieldKind::text || !reader.text(request.message)) return std::nullopt;
        break;
      default:
        reader.skip(field.kind);
    }
  }
  if (!reader.at_end()) return std::nullopt;
  if (encoding != peer::Encoding::strict_binary && encoding != peer::Encoding::compact) return std::nullopt;
  request.hops = static_cast<std::int32_t>(hops);
  request.encoding = encoding == peer::Encoding::compact ? Encoding::compact : Encoding::binary;
  return request;
}

using BinaryReader = FieldReader<Encoding::binary>;

bool read_reply_fields(BinaryReader& reader, ForwardReply& reply) {
  FieldHead field;
  std::int64_t status = 0;
  while (reader.next(field)) {
    if (field.id == 1) {
      if (!reader.integer(field.kind, status)) return false;
    } else if ((field.id == 2 || field.id == 4) && field.kind == FieldKind::text) {
      reader.text(field.id == 2 ? reply.message : reply.members);
    } else {
      reader.skip(field.kind);
    }
  }
  reply.status = static_cast<ForwardStatus>(status);
  return reader.at_end() && status >= 1 && status <= 3;
}

}  // namespace

std::optional<ForwardRequest> read_forward(std::string_view arguments, Encoding encoding) {
  return encoding == Encoding::binary ? read_request<Encoding::binary>(arguments)
                                      : read_request<Encoding::compact>(arguments);
}

std::optional<ForwardReply> read_forward_reply(std::string_view result) {
  BinaryReader reader(result);
  FieldHead field;
  ForwardReply reply;
  bool has_reply = false;
  while (reader.next(field)) {
    if (field.id == 0 && field.kind == FieldKind::structure && !has_reply) {
      BinaryReader inner = reader.nested();
      if (!read_reply_fields(inner, reply) || !reader.resume_behind(inner)) return std::nullopt;
      has_reply = true;
    } else {
      reader.skip(field.kind);
    }
  }
  if (!reader.at_end() || !has_reply) return std::nullopt;
  return reply;
}

void append_forward(std::string& out, std::int32_t sequence, const ForwardRequest& request) {
  append(out, kForwardOverheadBytes + request.target.size() + request.message.size(), [&](BinaryWriter& to) {
    to.head(MessageType::call, kForwardName, sequence);
    to.field(T_I64, 1);
    to.i64(request.view);
    to.field(T_I32, 2);
    to.i32(request.hops);
    to.field(T_STRING, 3);
    to.bytes(request.target);
    to.field(T_I32, 4);
    to.i32(request.encoding == Encoding::binary ? peer::Encoding::strict_binary : peer::Encoding::compact);
    to.field(T_STRING, 5);
    to.bytes(request.message);
    to.byte(T_STOP);
  });
}

void append_forward_reply(std::string& out, const Envelope& envelope, ForwardStatus status, std::string_view message) {
  if (envelope.encoding == Encoding::compact) {
    peer::ForwardReply reply;
    reply.status = static_cast<peer::ForwardStatus::type>(status);
    reply.__set_message(std::string(message));
    return append_compact_reply(out, envelope.sequence, reply);
  }
  append(out, kReplyOverheadBytes + message.size(), [&](BinaryWriter& to) {
    to.head(MessageType::reply, kForwardMethod, envelope.sequence);
    to.field(T_STRUCT, 0);
    to.field(T_I32, 1);
    to.i32(static_cast<std::int32_t>(status));
    to.field(T_STRING, 2);
    to.bytes(message);
    to.byte(T_STOP);
    to.byte(T_STOP);
  });
}

void append_disagreement(std::string& out, const Envelope& envelope, std::int64_t view, std::string_view members) {
  if (envelope.encoding == Encoding::compact) {
    peer::ForwardReply reply;
    reply.status = peer::ForwardStatus::view_differs;
    reply.__set_view(view);
    reply.__set_members(std::string(members));
    return append_compact_reply(out, envelope.sequence, reply);
  }
  append(out, kReplyOverheadBytes + members.size(), [&](BinaryWriter& to) {
    to.head(MessageType::reply, kForwardMethod, envelope.sequence);
    to.field(T_STRUCT, 0);
    to.field(T_I32, 1);
    to.i32(static_cast<std::int32_t>(ForwardStatus::view_differs));
    to.field(T_I64, 3);
    to.i64(view);
    to.field(T_STRING, 4);
    to.bytes(members);
    to.byte(T_STOP);
    to.byte(T_STOP);
  });
}

}  // namespace p2p::host
