// Reads calls and replies, which carry the messages.
#include "agreed/wire/fields.h"

#include <p2p/handlers.h>

#include <type_traits>

namespace p2p::diststore::agreed::wire {
namespace {

Error nonsense(const char* why) { return {ErrorKind::protocol, std::string("the message makes no sense: ") + why}; }

// A session's id uses all bits.
void read_session(Fields& fields, SessionId& session) {
  std::int64_t value = 0;
  fields.reader().integer(fields.kind(), value);
  session = static_cast<SessionId>(value);
  fields.note();
}

// --- replies ---------------------------------------------------------------------------------------------------------

// Where the result begins: behind version and type, name, and sequence number.
Result<std::string_view> result_in(std::string_view reply) {
  constexpr std::string_view kReply("\x80\x01\x00\x02", 4);
  constexpr std::size_t kWithoutName = 12;
  if (reply.size() >= kWithoutName && reply.starts_with(kReply)) {
    std::size_t name = 0;
    for (std::size_t at = 4; at < 8; ++at) name = name << 8 | static_cast<std::uint8_t>(reply[at]);
    if (name <= reply.size() - kWithoutName) return reply.substr(kWithoutName + name);
  }
  Codec codec;
  const Result<Done> begun = begin_reply(codec, reply);
  return begun.ok() ? Error{ErrorKind::protocol, "the reply makes no sense"} : begun.error();
}

Why read(Reader& reader, Opened& opened) {
  Fields fields(reader);
  std::string_view why;
  while (fields.next()) {
    if (fields.is(1, FieldKind::boolean)) {
      fields.flag(opened.is_taken);
    } else if (fields.is(2, FieldKind::text)) {
      fields.text(why);
    } else {
      fields.skip();
    }
  }
  opened.why.assign(why.substr(0, kReasonBytesMax));
  return fields.end(bits({1}));
}

Why read(Reader& reader, Delivered& delivered) {
  Fields fields(reader);
  while (fields.next()) {
    if (fields.is(1, FieldKind::boolean)) {
      fields.flag(delivered.is_taken);
    } else if (fields.is(2, FieldKind::structure)) {
      fields.note();
      if (const Why why = wire::read(fields.reader(), delivered.answers)) fields.fail(why);
    } else {
      fields.skip();
    }
  }
  return fields.end(bits({1}));
}

// The result's only field.
template <class Value>
Result<Value> read_success(std::string_view reply, FieldKind kind) {
  const Result<std::string_view> result = result_in(reply);
  if (!result.ok()) return result.error();
  Reader reader(result.value());
  Fields fields(reader);
  Value value{};
  while (fields.next()) {
    if (!fields.is(0, kind)) {
      fields.skip();
      continue;
    }
    fields.note();
    if constexpr (std::is_same_v<Value, bool>) {
      fields.flag(value);
    } else if (const Why why = read(fields.reader(), value)) {
      fields.fail(why);
    }
  }
  if (const Why why = fields.end(bits({0}))) return nonsense(why);
  return value;
}

}  // namespace

Result<Open> read_open(std::string_view arguments) {
  Reader reader(arguments);
  Fields fields(reader);
  Open open;
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      read_session(fields, open.session);
    } else if (fields.is(2, FieldKind::text)) {
      fields.text(open.caller);
    } else if (fields.is(3, FieldKind::text)) {
      fields.text(open.callee);
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1, 2, 3}))) return nonsense(why);
  if (open.session == 0) return nonsense("there is no session 0");
  return open;
}

Result<Said> read_said(std::string_view arguments) {
  Reader reader(arguments);
  Fields fields(reader);
  Said said;
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      read_session(fields, said.session);
    } else if (fields.is(2, FieldKind::structure)) {
      fields.note();
      if (const Why why = read(fields.reader(), said.said)) fields.fail(why);
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1, 2}))) return nonsense(why);
  if (said.said.number == 0) return nonsense("messages have no number");
  return said;
}

Result<SessionId> read_end(std::string_view arguments) {
  Reader reader(arguments);
  Fields fields(reader);
  SessionId session = 0;
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      read_session(fields, session);
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1}))) return nonsense(why);
  return session;
}

Result<Opened> read_opened(std::string_view reply) { return read_success<Opened>(reply, FieldKind::structure); }

Result<Delivered> read_delivered(std::string_view reply) {
  return read_success<Delivered>(reply, FieldKind::structure);
}

Result<bool> read_answered(std::string_view reply) { return read_success<bool>(reply, FieldKind::boolean); }

}  // namespace p2p::diststore::agreed::wire
