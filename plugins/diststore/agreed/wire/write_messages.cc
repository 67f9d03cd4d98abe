// Writes calls, replies and what they carry.
#include "agreed/wire/replica_codec.h"

#include <p2p/binary_writer.h>

#include <thrift/protocol/TProtocol.h>

#include <type_traits>
#include <variant>

namespace p2p::diststore::agreed::wire {
namespace {

using namespace apache::thrift::protocol;  // NOLINT: TType and TMessageType
using namespace replication;               // NOLINT: the bodies

// Of the head of a message and of what has a fixed size in it.
constexpr std::size_t kPieceBytes = 128;
using Piece = BinaryPiece<kPieceBytes>;

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void i64_field(Piece& piece, std::int16_t id, std::uint64_t value) {
  piece.field(T_I64, id);
  piece.i64(number(value));
}

void list_field(Piece& piece, std::int16_t id, std::uint8_t element, std::size_t count) {
  piece.field(T_LIST, id);
  piece.byte(element);
  piece.length(count);
}

void version_field(Piece& piece, std::int16_t id, WriteVersion version) {
  piece.field(T_STRUCT, id);
  i64_field(piece, 1, version.term);
  i64_field(piece, 2, version.seq);
  piece.stop();
}

void append(std::string& out, const Piece& piece) { out.append(piece.written()); }

void append_text_field(std::string& out, std::int16_t id, std::string_view text) {
  BinaryPiece<8> head;
  head.field(T_STRING, id);
  head.length(text.size());
  out.append(head.written()).append(text);
}

// What lives for ever takes no byte.
void append_expiry(std::string& out, std::int16_t id, WallMs expires_at) {
  if (expires_at == kNoExpiry) return;
  BinaryPiece<16> field;
  field.field(T_I64, id);
  field.i64(number(expires_at));
  out.append(field.written());
}

void append_texts(std::string& out, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    BinaryPiece<4> head;
    head.length(text.size());
    out.append(head.written()).append(text);
  }
}

// --- bodies: each writes its field, whose head `piece` may still hold ------------------------------------------------

void append_body(std::string& out, Piece& piece, const Replicate& body) {
  piece.field(T_STRUCT, 5);
  i64_field(piece, 1, body.seq);
  i64_field(piece, 2, body.commit);
  list_field(piece, 3, T_STRUCT, body.batch->writes.size());
  append(out, piece);
  for (const KeyWrite& write : body.batch->writes) {
    append_text_field(out, 1, write.key);
    if (!write.is_erase) append_text_field(out, 2, write.value);
    append_expiry(out, 3, write.expires_at);
    out.push_back(T_STOP);
  }
  if (body.batch->operation.is_set()) {
    Piece operation;
    i64_field(operation, 4, body.batch->operation.client);
    i64_field(operation, 5, body.batch->operation.number);
    append(out, operation);
  }
  out.push_back(T_STOP);
}

void append_body(std::string& out, Piece& piece, const Ack& body) {
  piece.field(T_STRUCT, 6);
  i64_field(piece, 1, body.position);
  piece.field(T_BOOL, 2);
  piece.boolean(body.is_complete);
  i64_field(piece, 3, body.filled);
  if (body.full) {
    i64_field(piece, 4, body.full->used);
    i64_field(piece, 5, body.full->max);
  }
  piece.stop();
  append(out, piece);
}

void append_body(std::string& out, Piece& piece, const CommitIndex& body) {
  i64_field(piece, 7, body.commit);
  append(out, piece);
}

void append_body(std::string& out, Piece& piece, const Sync& body) {
  piece.field(T_STRUCT, 8);
  i64_field(piece, 1, body.position);
  i64_field(piece, 2, body.commit);
  i64_field(piece, 3, body.born);
  i64_field(piece, 4, body.since);
  append(out, piece);
  Piece list;
  list_field(list, 5, T_STRUCT, body.entries.size());
  append(out, list);
  for (const SyncEntry& entry : body.entries) {
    Piece head;
    version_field(head, 1, entry.version);
    list_field(head, 2, T_STRING, entry.keys.size());
    append(out, head);
    append_texts(out, entry.keys);
    out.push_back(T_STOP);
  }
  if (body.operations_highest != 0) {
    Piece operations;
    i64_field(operations, 6, body.operations_forgotten);
    i64_field(operations, 7, body.operations_highest);
    append(out, operations);
  }
  out.push_back(T_STOP);
}

void append_body(std::string& out, Piece& piece, const Items& body) {
  piece.field(T_STRUCT, 9);
  i64_field(piece, 1, body.number);
  list_field(piece, 2, T_STRUCT, body.items.size());
  append(out, piece);
  for (const Item& item : body.items) {
    append_text_field(out, 1, item.key);
    if (!item.is_absent) append_text_field(out, 2, item.value);
    Piece tail;
    version_field(tail, 3, item.version);
    if (item.is_uncommitted) {
      tail.field(T_BOOL, 4);
      tail.boolean(true);
    }
    if (item.expires_at != kNoExpiry) i64_field(tail, 5, item.expires_at);
    tail.stop();
    append(out, tail);
  }
  out.push_back(T_STOP);
}

void append_body(std::string& out, Piece& piece, const AskForFill& body) {
  piece.field(T_STRUCT, 10);
  if (body.has_base) i64_field(piece, 1, body.born);
  i64_field(piece, 2, body.base);
  list_field(piece, 3, T_STRING, body.keys.size());
  append(out, piece);
  append_texts(out, body.keys);
  out.push_back(T_STOP);
}

void append_body(std::string& out, Piece& piece, const Fetch& body) {
  list_field(piece, 11, T_STRING, body.keys.size());
  append(out, piece);
  append_texts(out, body.keys);
}

void append_signal(std::string& out, Piece& piece, std::int32_t signal) {
  piece.field(T_I32, 12);
  piece.i32(signal);
  append(out, piece);
}
void append_body(std::string& out, Piece& piece, const BeginBackfill&) { append_signal(out, piece, 1); }
void append_body(std::string& out, Piece& piece, const Complete&) { append_signal(out, piece, 2); }
void append_body(std::string& out, Piece& piece, const Refuse&) { append_signal(out, piece, 3); }

void append_message(std::string& out, const Message& message) {
  Piece piece;
  piece.field(T_I32, 1);
  piece.i32(static_cast<std::int32_t>(message.head.partition));
  i64_field(piece, 2, message.head.epoch);
  i64_field(piece, 3, message.head.term);
  i64_field(piece, 4, message.head.stream);
  std::visit([&](const auto& body) { append_body(out, piece, body); }, message.body);
  out.push_back(T_STOP);
}

// The struct Messages, as field `id`.
void append_numbered(std::string& out, std::int16_t id, const Numbered& said) {
  Piece piece;
  piece.field(T_STRUCT, id);
  i64_field(piece, 1, said.number);
  list_field(piece, 2, T_STRUCT, said.messages.size());
  append(out, piece);
  for (const Message& message : said.messages) append_message(out, message);
  out.push_back(T_STOP);
}

std::size_t bytes_of_all(const Numbered& said) {
  std::size_t bytes = 0;
  for (const Message& message : said.messages) bytes += bytes_of(message);
  return bytes;
}

std::string begin_call(std::string_view method, SessionId session, std::size_t bytes) {
  std::string out;
  out.reserve(kPieceBytes + bytes);
  Piece head;
  head.message(T_CALL, method, 0);
  i64_field(head, 1, session);
  append(out, head);
  return out;
}

std::string encode_said(std::string_view method, SessionId session, const Numbered& said) {
  std::string out = begin_call(method, session, bytes_of_all(said));
  append_numbered(out, 2, said);
  out.push_back(T_STOP);
  return out;
}

}  // namespace

std::string encode_open(SessionId session, std::string_view caller, std::string_view callee) {
  std::string out = begin_call("open", session, caller.size() + callee.size());
  append_text_field(out, 2, caller);
  append_text_field(out, 3, callee);
  out.push_back(T_STOP);
  return out;
}

std::string encode_deliver(SessionId session, const Numbered& said) { return encode_said("deliver", session, said); }

std::string encode_answer(SessionId session, const Numbered& said) { return encode_said("answer", session, said); }

std::string encode_end(SessionId session) {
  std::string out = begin_call("end_session", session, 0);
  out.push_back(T_STOP);
  return out;
}

void append_opened(std::string& out, bool is_taken, std::string_view why) {
  Piece head;
  head.field(T_STRUCT, 0);
  head.field(T_BOOL, 1);
  head.boolean(is_taken);
  append(out, head);
  if (!is_taken) append_text_field(out, 2, why.substr(0, kReasonBytesMax));
  out.push_back(T_STOP);
  out.push_back(T_STOP);
}

void append_delivered(std::string& out, const Delivered& delivered) {
  out.reserve(out.size() + kPieceBytes + bytes_of_all(delivered.answers));
  Piece head;
  head.field(T_STRUCT, 0);
  head.field(T_BOOL, 1);
  head.boolean(delivered.is_taken);
  append(out, head);
  if (delivered.answers.number != 0) append_numbered(out, 2, delivered.answers);
  out.push_back(T_STOP);
  out.push_back(T_STOP);
}

void append_answered(std::string& out, bool is_taken) {
  Piece head;
  head.field(T_BOOL, 0);
  head.boolean(is_taken);
  head.stop();
  append(out, head);
}

}  // namespace p2p::diststore::agreed::wire
