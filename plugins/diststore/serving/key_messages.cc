#include "serving/key_messages.h"

#include "serving/message_pieces.h"
#include "serving/wire_version.h"

#include <p2p/binary_writer.h>
#include <p2p/field_reader.h>
#include <p2p/handlers.h>

#include <Store.h>

namespace p2p::diststore {
namespace {

using namespace apache::thrift::protocol;  // NOLINT: TType and TMessageType

// A stamp is a term, and a node the place in the order of its writes (write_version.h).
template <Encoding encoding>
bool read_version(FieldReader<encoding>& reader, replication::WriteVersion& version) {
  FieldReader<encoding> inner = reader.nested();
  FieldHead field;
  while (inner.next(field)) {
    std::int64_t number = 0;
    if (field.kind != FieldKind::i64 || (field.id != 1 && field.id != 2)) {
      inner.skip(field.kind);
    } else if (inner.integer(field.kind, number)) {
      (field.id == 1 ? version.term : version.seq) = static_cast<std::uint64_t>(number);
    }
  }
  return reader.resume_behind(inner);
}

template <Encoding encoding>
bool read_operation(FieldReader<encoding>& reader, KeyArguments& arguments) {
  FieldReader<encoding> inner = reader.nested();
  FieldHead field;
  while (inner.next(field)) {
    std::int64_t number = 0;
    if (field.id == 3 && field.kind == FieldKind::boolean) {
      inner.boolean(arguments.is_again);
    } else if (field.kind != FieldKind::i64 || (field.id != 1 && field.id != 2)) {
      inner.skip(field.kind);
    } else if (inner.integer(field.kind, number)) {
      (field.id == 1 ? arguments.operation.client : arguments.operation.number) = static_cast<std::uint64_t>(number);
    }
  }
  return reader.resume_behind(inner);
}

// WriteOptions. What is wrong with them; null: nothing that is not the reader's own fault.
template <Encoding encoding>
const char* read_options(FieldReader<encoding>& reader, KeyArguments& arguments) {
  replication::Condition& condition = arguments.condition;
  using Kind = replication::Condition::Kind;
  FieldReader<encoding> inner = reader.nested();
  FieldHead field;
  bool is_absent = false;
  bool has_version = false;
  bool has_ttl = false;
  while (inner.next(field)) {
    if (field.id == 1 && field.kind == FieldKind::structure) {
      has_version = read_version(inner, condition.version);
    } else if (field.id == 2 && field.kind == FieldKind::boolean) {
      inner.boolean(is_absent);
    } else if (field.id == 3 && field.kind == FieldKind::i64) {
      has_ttl = inner.integer(field.kind, arguments.ttl_ms);
    } else if (field.id == 4 && field.kind == FieldKind::structure) {
      read_operation(inner, arguments);
    } else {
      inner.skip(field.kind);
    }
  }
  reader.resume_behind(inner);
  if (is_absent && has_version) return kTwoConditions;
  if (has_ttl && !is_ttl(arguments.ttl_ms)) return kBadTtl;
  if (is_absent) condition.kind = Kind::if_absent;
  if (has_version) condition.kind = Kind::if_version;
  return nullptr;
}

// ReadOptions.
template <Encoding encoding>
void read_options_of_read(FieldReader<encoding>& reader, KeyArguments& arguments) {
  FieldReader<encoding> inner = reader.nested();
  FieldHead field;
  while (inner.next(field)) {
    if (field.id == 1 && field.kind == FieldKind::boolean)
      inner.boolean(arguments.any_copy);
    else
      inner.skip(field.kind);
  }
  reader.resume_behind(inner);
}

// What is wrong with the arguments; null: nothing.
template <Encoding encoding>
const char* read_arguments(std::string_view encoded, Required required, KeyArguments& arguments) {
  constexpr std::int16_t kOptions = 3;        // of write
  constexpr std::int16_t kOptionsOfRead = 2;  // get has none
  FieldReader<encoding> reader(encoded);
  FieldHead field;
  bool has_key = false;
  bool has_value = false;
  const char* wrong = nullptr;
  while (reader.next(field)) {
    if (field.kind == FieldKind::text && field.id == 1) {
      has_key = reader.text(arguments.key);
    } else if (field.kind == FieldKind::text && field.id == 2) {
      has_value = reader.text(arguments.value);
    } else if (field.kind == FieldKind::structure && field.id == kOptions && required == Required::key_and_value) {
      wrong = read_options(reader, arguments);
    } else if (field.kind == FieldKind::structure && field.id == kOptionsOfRead && required == Required::key) {
      read_options_of_read(reader, arguments);
    } else {
      reader.skip(field.kind);
    }
  }
  if (wrong != nullptr) return wrong;
  if (!reader.at_end()) return reader.why();
  if (!has_key) return "the argument 'key' is missing or of another type";
  if (!has_value && required == Required::key_and_value) return "the argument 'value' is missing or of another type";
  return nullptr;
}

// The longest of the methods is "write".
using Head = BinaryPiece<64>;
using Tail = BinaryPiece<64>;

// The end of a result that carries the view, and of the reply.
template <class Piece>
void append_view_and_stop(Piece& piece, std::int16_t id, std::int64_t view) {
  append_view(piece, id, view);
  piece.stop();
}

// The other form, by the generated code.
template <class Presult, class Result>
void write_compact(CallState& state, Result& result) {
  Presult reply;
  reply.success = &result;
  reply.__isset.success = true;
  CompactProtocol& protocol = state.codec().compact_out();
  protocol.writeMessageBegin(std::string(state.info().method), T_REPLY, state.info().sequence);
  reply.write(&protocol);
  protocol.writeMessageEnd();
}

}  // namespace

std::optional<KeyArguments> take_key_arguments(Call& call, Required required) {
  CallState& state = *call.state();
  const std::string_view encoded = state.codec().in().rest();
  KeyArguments arguments;
  const char* why = state.info().encoding == Encoding::binary
                        ? read_arguments<Encoding::binary>(encoded, required, arguments)
                        : read_arguments<Encoding::compact>(encoded, required, arguments);
  if (why == nullptr) return arguments;
  call.fail(CallFault::protocol_error, why);
  return std::nullopt;
}

std::optional<replication::Condition> condition_of(const wire::WriteOptions& options) {
  using Kind = replication::Condition::Kind;
  const bool is_absent = options.__isset.if_absent && options.if_absent;
  if (!options.__isset.if_version) return replication::Condition{is_absent ? Kind::if_absent : Kind::none, {}};
  if (is_absent) return std::nullopt;
  return replication::Condition{Kind::if_version, replication::version_of(from_wire(options.if_version))};
}

replication::OperationId operation_of(const wire::WriteOptions& options) {
  if (!options.__isset.operation) return {};
  return {.client = static_cast<std::uint64_t>(options.operation.client),
          .number = static_cast<std::uint64_t>(options.operation.number)};
}

std::optional<std::int64_t> ttl_of(const wire::WriteOptions& options) {
  if (!options.__isset.ttl_ms) return 0;
  return is_ttl(options.ttl_ms) ? std::optional(options.ttl_ms) : std::nullopt;
}

void write_found(Call& call, std::string_view value, Version version, std::int64_t view, std::int64_t ttl_left_ms,
                 std::int64_t stale_ms_max) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    wire::ReadResult result;
    result.found = true;
    result.__set_value(std::string(value));
    result.__set_version(to_wire(version));
    result.__set_view(view);
    if (ttl_left_ms > 0) result.__set_ttl_left_ms(ttl_left_ms);
    if (stale_ms_max > 0) result.__set_stale_ms_max(stale_ms_max);
    return write_compact<wire::Store_read_presult>(state, result);
  }
  Head head;
  head.message(T_REPLY, state.info().method, state.info().sequence);
  head.field(T_STRUCT, 0);
  head.field(T_BOOL, 1);
  head.boolean(true);
  head.field(T_STRING, 2);
  head.length(value.size());
  Tail tail;
  append_version(tail, 3, version);
  append_unless_0(tail, 5, ttl_left_ms);
  append_unless_0(tail, 6, stale_ms_max);
  append_view_and_stop(tail, 4, view);
  std::string& out = state.codec().out().block();
  out.reserve(out.size() + head.written().size() + value.size() + tail.written().size());
  out.append(head.written()).append(value).append(tail.written());
}

void write_missing(Call& call, std::int64_t view, std::int64_t stale_ms_max) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    wire::ReadResult result;
    result.found = false;
    result.__set_view(view);
    if (stale_ms_max > 0) result.__set_stale_ms_max(stale_ms_max);
    return write_compact<wire::Store_read_presult>(state, result);
  }
  Head head;
  head.message(T_REPLY, state.info().method, state.info().sequence);
  head.field(T_STRUCT, 0);
  head.field(T_BOOL, 1);
  head.boolean(false);
  append_unless_0(head, 6, stale_ms_max);
  append_view_and_stop(head, 4, view);
  state.codec().out().block().append(head.written());
}

void write_stored(Call& call, Version version, std::int64_t view) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    wire::WriteResult result;
    result.__set_version(to_wire(version));
    result.__set_view(view);
    return write_compact<wire::Store_write_presult>(state, result);
  }
  BinaryPiece<96> reply;
  reply.message(T_REPLY, state.info().method, state.info().sequence);
  reply.field(T_STRUCT, 0);
  append_version(reply, 1, version);
  append_view_and_stop(reply, 2, view);
  state.codec().out().block().append(reply.written());
}

void write_erased(Call& call, bool found, Version version, std::int64_t view) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    wire::EraseResult result;
    result.found = found;
    result.__set_view(view);
    if (found) result.__set_version(to_wire(version));
    return write_compact<wire::Store_erase_presult>(state, result);
  }
  BinaryPiece<96> reply;
  reply.message(T_REPLY, state.info().method, state.info().sequence);
  reply.field(T_STRUCT, 0);
  reply.field(T_BOOL, 1);
  reply.boolean(found);
  if (found) append_version(reply, 3, version);
  append_view_and_stop(reply, 2, view);
  state.codec().out().block().append(reply.written());
}

void write_text(Call& call, std::string_view value) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    std::string text(value);
    return write_compact<wire::Store_get_presult>(state, text);
  }
  Head head;
  head.message(T_REPLY, state.info().method, state.info().sequence);
  head.field(T_STRING, 0);
  head.length(value.size());
  std::string& out = state.codec().out().block();
  out.append(head.written()).append(value);
  out.push_back(T_STOP);
}

}  // namespace p2p::diststore
