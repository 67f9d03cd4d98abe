#include "serving/key_messages.h"

#include "serving/message_pieces.h"

#include <p2p/binary_writer.h>
#include <p2p/field_reader.h>
#include <p2p/handlers.h>

#include <Store.h>

namespace p2p::diststore {
namespace {

using namespace apache::thrift::protocol;  // NOLINT: TType and TMessageType
namespace wire = ::diststore;

// What is wrong with the arguments; null: nothing.
template <Encoding encoding>
const char* read_arguments(std::string_view encoded, Required required, KeyArguments& arguments) {
  FieldReader<encoding> reader(encoded);
  FieldHead field;
  bool has_key = false;
  bool has_value = false;
  while (reader.next(field)) {
    if (field.kind == FieldKind::text && field.id == 1) {
      has_key = reader.text(arguments.key);
    } else if (field.kind == FieldKind::text && field.id == 2) {
      has_value = reader.text(arguments.value);
    } else {
      reader.skip(field.kind);
    }
  }
  if (!reader.at_end()) return reader.why();
  if (!has_key) return "the argument 'key' is missing or of another type";
  if (!has_value && required == Required::key_and_value) return "the argument 'value' is missing or of another type";
  return nullptr;
}

wire::Version to_wire_version(Version version) {
  wire::Version sent;
  sent.stamp = static_cast<std::int64_t>(version.stamp);
  sent.node = static_cast<std::int64_t>(version.node);
  return sent;
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

void write_found(Call& call, std::string_view value, Version version, std::int64_t view) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    wire::ReadResult result;
    result.found = true;
    result.__set_value(std::string(value));
    result.__set_version(to_wire_version(version));
    result.__set_view(view);
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
  append_view_and_stop(tail, 4, view);
  std::string& out = state.codec().out().block();
  out.reserve(out.size() + head.written().size() + value.size() + tail.written().size());
  out.append(head.written()).append(value).append(tail.written());
}

void write_missing(Call& call, std::int64_t view) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    wire::ReadResult result;
    result.found = false;
    result.__set_view(view);
    return write_compact<wire::Store_read_presult>(state, result);
  }
  Head head;
  head.message(T_REPLY, state.info().method, state.info().sequence);
  head.field(T_STRUCT, 0);
  head.field(T_BOOL, 1);
  head.boolean(false);
  append_view_and_stop(head, 4, view);
  state.codec().out().block().append(head.written());
}

void write_stored(Call& call, Version version, std::int64_t view) {
  CallState& state = *call.state();
  if (state.info().encoding == Encoding::compact) {
    wire::WriteResult result;
    result.__set_version(to_wire_version(version));
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
