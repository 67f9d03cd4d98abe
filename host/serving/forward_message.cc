#include "serving/forward_message.h"

#include <p2p/binary_writer.h>
#include <p2p/field_reader.h>
#include <p2p/handlers.h>

#include <peer_types.h>

namespace p2p::host {
namespace {

using apache::thrift::protocol::T_CALL;
using apache::thrift::protocol::T_I32;
using apache::thrift::protocol::T_I64;
using apache::thrift::protocol::T_REPLY;
using apache::thrift::protocol::T_STOP;
using apache::thrift::protocol::T_STRING;
using apache::thrift::protocol::T_STRUCT;

constexpr std::string_view kForwardName = "Peer:forward";

// The rare form: the reply to a Peer.forward that came in compact.
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

BinaryPiece<64> reply_head(const Envelope& envelope, ForwardStatus status) {
  BinaryPiece<64> head;
  head.message(T_REPLY, kForwardMethod, envelope.sequence);
  head.field(T_STRUCT, 0);
  head.field(T_I32, 1);
  head.i32(static_cast<std::int32_t>(status));
  return head;
}

template <p2p::Encoding form>
std::optional<ForwardRequest> read_request(std::string_view arguments) {
  ForwardRequest request;
  FieldReader<form> reader(arguments);
  FieldHead field;
  std::int64_t hops = 0;
  std::int64_t encoding = 0;
  bool has_view = false;
  while (reader.next(field)) {
    switch (field.id) {
      case 1:
        if (!reader.integer(field.kind, request.view)) return std::nullopt;
        has_view = true;
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
  const bool is_whole = has_view && request.target.data() != nullptr && request.message.data() != nullptr;
  if (!reader.at_end() || !is_whole) return std::nullopt;
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
  BinaryPiece<64> head;
  head.message(T_CALL, kForwardName, sequence);
  head.field(T_I64, 1);
  head.i64(request.view);
  head.field(T_I32, 2);
  head.i32(request.hops);
  head.field(T_STRING, 3);
  head.length(request.target.size());
  BinaryPiece<16> middle;
  middle.field(T_I32, 4);
  middle.i32(request.encoding == Encoding::binary ? peer::Encoding::strict_binary : peer::Encoding::compact);
  middle.field(T_STRING, 5);
  middle.length(request.message.size());
  out.append(head.written()).append(request.target).append(middle.written()).append(request.message);
  out.push_back(T_STOP);
}

void append_forward_reply(std::string& out, const Envelope& envelope, ForwardStatus status, std::string_view message) {
  if (envelope.encoding == Encoding::compact) {
    peer::ForwardReply reply;
    reply.status = static_cast<peer::ForwardStatus::type>(status);
    reply.__set_message(std::string(message));
    return append_compact_reply(out, envelope.sequence, reply);
  }
  auto head = reply_head(envelope, status);
  head.field(T_STRING, 2);
  head.length(message.size());
  out.append(head.written()).append(message).append({T_STOP, T_STOP});
}

void append_disagreement(std::string& out, const Envelope& envelope, std::int64_t view, std::string_view members) {
  if (envelope.encoding == Encoding::compact) {
    peer::ForwardReply reply;
    reply.status = peer::ForwardStatus::view_differs;
    reply.__set_view(view);
    reply.__set_members(std::string(members));
    return append_compact_reply(out, envelope.sequence, reply);
  }
  auto head = reply_head(envelope, ForwardStatus::view_differs);
  head.field(T_I64, 3);
  head.i64(view);
  head.field(T_STRING, 4);
  head.length(members.size());
  out.append(head.written()).append(members).append({T_STOP, T_STOP});
}

}  // namespace p2p::host
