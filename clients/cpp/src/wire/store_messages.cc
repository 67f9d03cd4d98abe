#include "wire/store_messages.h"

#include <p2p/binary_writer.h>
#include <p2p/field_reader.h>
#include <p2p/idl/Ring.h>

#include <thrift/TApplicationException.h>
#include <thrift/protocol/TProtocolException.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace p2p::client {
namespace {

using namespace apache::thrift::protocol;

// Ids in idl/diststore.thrift. Arguments: 1 key(s) or items, 2 value, last the options.
constexpr std::int16_t kFirst = 1;
constexpr std::int16_t kSecond = 2;
constexpr std::int16_t kThird = 3;
constexpr std::int16_t kFourth = 4;
constexpr std::int16_t kSuccess = 0;

// Texts are most of a message: they are written straight into its buffer.
void write_text(Codec& codec, std::int16_t id, std::string_view text) {
  BinaryPiece<8> head;
  head.field(T_STRING, id);
  head.length(text.size());
  codec.out().block().append(head.written()).append(text);
}

void write_empty_struct(BinaryProtocol& out, std::int16_t id) {
  out.writeFieldBegin("", T_STRUCT, id);
  out.writeFieldStop();
}

// The last of the options, which are the last of the arguments: the frame ends with a number, the head of a flag, the
// flag, and three stops.
void write_operation(BinaryProtocol& out, const OperationId& operation) {
  out.writeFieldBegin("", T_STRUCT, kFourth);
  out.writeFieldBegin("", T_I64, kFirst);
  out.writeI64(static_cast<std::int64_t>(operation.client));
  out.writeFieldBegin("", T_I64, kSecond);
  out.writeI64(static_cast<std::int64_t>(operation.number));
  out.writeFieldBegin("", T_BOOL, kThird);
  out.writeBool(false);
  out.writeFieldStop();
}
constexpr std::size_t kAgainFromEnd = 1 + 3;
constexpr std::size_t kNumberFromEnd = 8 + 3 + kAgainFromEnd;
constexpr std::size_t kClientFromEnd = 8 + 3 + kNumberFromEnd;

void write_options(BinaryProtocol& out, std::int16_t id, const WriteOptions& options) {
  const Condition& condition = options.condition;
  out.writeFieldBegin("", T_STRUCT, id);
  if (condition.if_version) {
    out.writeFieldBegin("", T_STRUCT, kFirst);
    out.writeFieldBegin("", T_I64, kFirst);
    out.writeI64(condition.if_version->stamp);
    out.writeFieldBegin("", T_I64, kSecond);
    out.writeI64(condition.if_version->node);
    out.writeFieldStop();
  }
  if (condition.if_absent) {
    out.writeFieldBegin("", T_BOOL, kSecond);
    out.writeBool(true);
  }
  if (options.ttl_ms != 0) {
    out.writeFieldBegin("", T_I64, kThird);
    out.writeI64(options.ttl_ms);
  }
  if (options.operation.number != 0) write_operation(out, options.operation);
  out.writeFieldStop();
}

void begin_list(BinaryProtocol& out, TType type, std::size_t size) {
  out.writeFieldBegin("", T_LIST, kFirst);
  out.writeListBegin(type, static_cast<std::uint32_t>(size));
}

// Replies are read in place.
using Reader = FieldReader<Encoding::binary>;

// Calls `field(head)` for each field of the struct that `in` was made for; a field for which it returns false is
// skipped.
template <class Field>
void each_field(Reader& in, Field field) {
  FieldHead head;
  while (in.next(head)) {
    if (!field(head)) in.skip(head.kind);
  }
}

// The same for the struct that begins here, in a field or a list.
template <class Field>
bool each_field_within(Reader& in, Field field) {
  Reader inner = in.nested();
  each_field(inner, [&](FieldHead head) { return field(inner, head); });
  return in.resume_behind(inner);
}

bool read_number(Reader& in, FieldKind kind, std::int64_t& number) {
  return kind == FieldKind::i64 && in.integer(kind, number);
}

bool read_version(Reader& in, FieldKind kind, Version& version) {
  return kind == FieldKind::structure && each_field_within(in, [&](Reader& inner, FieldHead field) {
           if (field.id == 1) return read_number(inner, field.kind, version.stamp);
           return field.id == 2 && read_number(inner, field.kind, version.node);
         });
}

bool read_flag(Reader& in, FieldKind kind, bool& flag) { return kind == FieldKind::boolean && in.boolean(flag); }

bool read_text(Reader& in, FieldKind kind, std::string& text) {
  std::string_view bytes;
  if (kind != FieldKind::text || !in.text(bytes)) return false;
  text = bytes;
  return true;
}

bool read_view(Reader& in, FieldKind kind, std::optional<std::int64_t>& view) {
  std::int64_t told = 0;
  if (!read_number(in, kind, told)) return false;
  view = told;
  return true;
}

// At least the stop byte of each has arrived: the reader has checked the count against the bytes left.
void check_results(const ContainerHead& list) {
  const bool are_results = list.element == FieldKind::structure || list.count == 0;
  if (!are_results || list.count > static_cast<std::uint32_t>(kContainerElementsMax)) {
    throw TProtocolException(TProtocolException::INVALID_DATA, "no list of results");
  }
}

bool read_duration_ms(Reader& in, FieldKind kind, std::optional<Duration>& duration) {
  std::int64_t told = 0;
  if (!read_number(in, kind, told)) return false;
  // What no node says is cut to what a Duration holds.
  constexpr std::int64_t kMost = Duration::max() / std::chrono::milliseconds(1);
  duration = std::chrono::milliseconds(std::clamp<std::int64_t>(told, 0, kMost));
  return true;
}

bool read_field(Reader& in, FieldHead field, Read& result, std::optional<std::int64_t>& view) {
  switch (field.id) {
    case 1:
      return read_flag(in, field.kind, result.found);
    case 2:
      return read_text(in, field.kind, result.value);
    case 3:
      return read_version(in, field.kind, result.version);
    case 4:
      return read_view(in, field.kind, view);
    case 5:
      return read_duration_ms(in, field.kind, result.ttl_left);
    case 6:
      return read_duration_ms(in, field.kind, result.stale_max);
    default:
      return false;
  }
}

bool read_field(Reader& in, FieldHead field, Written& result, std::optional<std::int64_t>& view) {
  if (field.id == 1) return read_version(in, field.kind, result.version);
  return field.id == 2 && read_view(in, field.kind, view);
}

bool read_field(Reader& in, FieldHead field, Erased& result, std::optional<std::int64_t>& view) {
  switch (field.id) {
    case 1:
      return read_flag(in, field.kind, result.found);
    case 2:
      return read_view(in, field.kind, view);
    case 3:
      return read_version(in, field.kind, result.version);
    default:
      return false;
  }
}

bool read_field(Reader& in, FieldHead field, ScanItem& item) {
  switch (field.id) {
    case 1:
      return read_text(in, field.kind, item.key);
    case 2:
      return read_version(in, field.kind, item.version);
    case 3:
      return field.kind == FieldKind::text && read_text(in, field.kind, item.value.emplace());
    case 4:
      return read_duration_ms(in, field.kind, item.ttl_left);
    default:
      return false;
  }
}

bool read_items(Reader& in, FieldKind kind, std::vector<ScanItem>& items) {
  ContainerHead list;
  if (kind != FieldKind::list || !in.container(kind, list)) return false;
  check_results(list);
  items.reserve(list.count);
  for (std::uint32_t at = 0; at < list.count; ++at) {
    ScanItem& item = items.emplace_back();
    if (!each_field_within(in, [&](Reader& inner, FieldHead field) { return read_field(inner, field, item); }))
      return false;
  }
  return true;
}

bool read_field(Reader& in, FieldHead field, ScanPage& page, std::optional<std::int64_t>& view) {
  switch (field.id) {
    case 1:
      return read_items(in, field.kind, page.items);
    case 2:
      return read_text(in, field.kind, page.cursor);
    case 3:
      return read_view(in, field.kind, view);
    default:
      return false;
  }
}

template <class T>
bool read_one(Reader& in, T& result, std::optional<std::int64_t>& view) {
  return each_field_within(in, [&](Reader& inner, FieldHead field) { return read_field(inner, field, result, view); });
}

template <class T>
bool read_results(Reader& in, FieldKind kind, bool is_many, StoreReply<T>& reply) {
  if (!is_many) return kind == FieldKind::structure && read_one(in, reply.one, reply.view);
  ContainerHead list;
  if (kind != FieldKind::list || !in.container(kind, list)) return false;
  check_results(list);
  reply.many.reserve(list.count);
  for (std::uint32_t at = 0; at < list.count; ++at) {
    if (!read_one(in, reply.many.emplace_back(), reply.view)) return false;
  }
  return true;
}

bool read_refusal(Reader& in, FieldKind kind, std::optional<StoreRefusal>& refusal) {
  if (kind != FieldKind::structure) return false;
  refusal.emplace();
  return each_field_within(in, [&](Reader& inner, FieldHead field) {
    if (field.id == 1 && field.kind == FieldKind::i32) {
      std::int64_t number = 0;
      if (!inner.integer(field.kind, number)) return false;
      refusal->kind = static_cast<std::int32_t>(number);
      return true;
    }
    if (field.id == 3) return read_version(inner, field.kind, refusal->version.emplace());
    if (field.id == 4) {
      std::int64_t number = 0;
      if (!read_number(inner, field.kind, number)) return false;
      refusal->operations_highest = static_cast<std::uint64_t>(number);
      return true;
    }
    return field.id == 2 && read_text(inner, field.kind, refusal->message);
  });
}

template <class T>
void decode_reply_of(Codec& codec, bool is_many, StoreReply<T>& reply) {
  Reader in(codec.in().rest());
  bool has_results = false;
  each_field(in, [&](FieldHead field) {
    if (field.id == kSuccess) return has_results = read_results(in, field.kind, is_many, reply);
    return field.id == kFirst && read_refusal(in, field.kind, reply.refusal);
  });
  if (!in.at_end()) throw TProtocolException(TProtocolException::INVALID_DATA, in.why());
  if (!has_results && !reply.refusal) {
    throw TProtocolException(TProtocolException::INVALID_DATA, "neither a result nor an error");
  }
}

// Encoded size of a list of items: two texts and a stop each.
std::size_t bytes_of(std::span<const ItemView> items) {
  constexpr std::size_t kAroundAnItem = 2 * (3 + 4) + 1;
  std::size_t bytes = items.size() * kAroundAnItem;
  for (const ItemView& item : items) bytes += item.key.size() + item.value.size();
  return bytes;
}
constexpr std::size_t kEndBytesMax = 64;  // heads of the list and of the options, and the last stop

std::vector<NodeAddress> addresses_of(const std::vector<locator::Location>& on_wire) {
  std::vector<NodeAddress> addresses;
  addresses.reserve(on_wire.size());
  for (const auto& address : on_wire) addresses.push_back(from_wire(address));
  return addresses;
}

ToldRing told_of(locator::RingState state) {
  return {.facts = {.members = addresses_of(state.members),
                    .leaving = addresses_of(state.leaving),
                    .view = static_cast<std::uint64_t>(state.view),
                    .placement = std::move(state.placement),
                    .epoch = state.__isset.epoch ? static_cast<std::uint64_t>(state.epoch) : 0},
          .owners = std::move(state.owners),
          .step = std::nullopt,
          .level = static_cast<std::uint32_t>(state.level)};
}

}  // namespace

Codec& encoding_codec() {
  thread_local Codec codec;
  return codec;
}

FrameInfo encode_key(Codec& codec, std::string_view service, std::string_view method, std::string_view key,
                     std::string& frame) {
  const FrameInfo info = begin_call(codec, service, method);
  write_text(codec, kFirst, key);
  write_empty_struct(codec.binary_out(), kSecond);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_read_of_any_copy(Codec& codec, std::string_view service, std::string_view key, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "read");
  write_text(codec, kFirst, key);
  BinaryProtocol& out = codec.binary_out();
  out.writeFieldBegin("", T_STRUCT, kSecond);
  out.writeFieldBegin("", T_BOOL, kFirst);
  out.writeBool(true);
  out.writeFieldStop();
  out.writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_erase(Codec& codec, std::string_view service, std::string_view key, const WriteOptions& options,
                       std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "erase");
  write_text(codec, kFirst, key);
  write_options(codec.binary_out(), kSecond, options);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_write(Codec& codec, std::string_view service, std::string_view key, std::string_view value,
                       const WriteOptions& options, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "write");
  write_text(codec, kFirst, key);
  write_text(codec, kSecond, value);
  write_options(codec.binary_out(), kThird, options);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

void set_again(std::string& frame) { frame[frame.size() - kAgainFromEnd] = 1; }

std::uint64_t operation_number(const std::string& frame) {
  std::uint64_t number = 0;
  for (const char byte : std::string_view(frame).substr(frame.size() - kNumberFromEnd, sizeof number))
    number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

void set_operation(std::string& frame, const OperationId& operation) {
  const auto put = [&frame](std::size_t from_end, std::uint64_t number) {
    BinaryPiece<8> bytes;
    bytes.i64(static_cast<std::int64_t>(number));
    frame.replace(frame.size() - from_end, bytes.written().size(), bytes.written());
  };
  put(kClientFromEnd, operation.client);
  put(kNumberFromEnd, operation.number);
}

FrameInfo encode_keys(Codec& codec, std::string_view service, std::string_view method,
                      std::span<const std::string_view> keys, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, method);
  begin_list(codec.binary_out(), T_STRING, keys.size());
  std::string& out = codec.out().block();
  for (const std::string_view key : keys) {
    BinaryPiece<4> length;
    length.length(key.size());
    out.append(length.written()).append(key);
  }
  write_empty_struct(codec.binary_out(), kSecond);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_write_many(Codec& codec, std::string_view service, std::span<const ItemView> items,
                            std::int64_t ttl_ms, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "write_many");
  BinaryProtocol& out = codec.binary_out();
  // Frames of this size are not pooled (kPooledFrameBytesMax), and growing would copy the content several times.
  codec.out().block().reserve(codec.out().block().size() + bytes_of(items) + kEndBytesMax);
  begin_list(out, T_STRUCT, items.size());
  for (const ItemView& item : items) {
    write_text(codec, kFirst, item.key);
    write_text(codec, kSecond, item.value);
    out.writeFieldStop();
  }
  write_options(out, kSecond, {.condition = {}, .ttl_ms = ttl_ms});
  out.writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_scan(Codec& codec, std::string_view service, std::string_view cursor, const ScanOptions& which,
                      std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "scan");
  BinaryProtocol& out = codec.binary_out();
  write_text(codec, kFirst, cursor);
  out.writeFieldBegin("", T_STRUCT, kSecond);
  if (which.limit != 0) {
    out.writeFieldBegin("", T_I32, kFirst);
    out.writeI32(which.limit);
  }
  if (!which.prefix.empty()) write_text(codec, kSecond, which.prefix);
  if (which.has_values) {
    out.writeFieldBegin("", T_BOOL, kThird);
    out.writeBool(true);
  }
  out.writeFieldStop();
  out.writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_state(Codec& codec, std::string_view service, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "state");
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_state_since(Codec& codec, std::string_view service, std::uint64_t epoch, std::uint64_t view,
                             std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "state_since");
  locator::Ring_state_since_args arguments;
  arguments.epoch = static_cast<std::int64_t>(epoch);
  arguments.view = static_cast<std::int64_t>(view);
  arguments.write(&codec.binary_out());
  end_call(codec, frame);
  return info;
}

void decode(Codec& codec, bool is_many, StoreReply<Read>& reply) { decode_reply_of(codec, is_many, reply); }
void decode(Codec& codec, bool is_many, StoreReply<Written>& reply) { decode_reply_of(codec, is_many, reply); }
void decode(Codec& codec, bool is_many, StoreReply<Erased>& reply) { decode_reply_of(codec, is_many, reply); }
void decode(Codec& codec, bool is_many, StoreReply<ScanPage>& reply) { decode_reply_of(codec, is_many, reply); }

ToldRing decode_state(Codec& codec) {
  locator::Ring_state_result result;
  result.read(&codec.binary_in());
  if (!result.__isset.success) throw TProtocolException(TProtocolException::INVALID_DATA, "no state of a ring");
  return told_of(std::move(result.success));
}

ToldRing decode_state_since(Codec& codec) {
  locator::Ring_state_since_result result;
  result.read(&codec.binary_in());
  if (!result.__isset.success) throw TProtocolException(TProtocolException::INVALID_DATA, "no change of a ring");
  locator::RingDelta& delta = result.success;
  if (delta.__isset.whole) return told_of(std::move(delta.whole));
  RingStep step{.epoch = static_cast<std::uint64_t>(delta.epoch),
                .view = static_cast<std::uint64_t>(delta.view),
                .nodes = std::nullopt,
                .moved = std::move(delta.moved)};
  if (delta.__isset.members || delta.__isset.leaving)
    step.nodes = {addresses_of(delta.members), addresses_of(delta.leaving)};
  return {.facts = {}, .owners = {}, .step = std::move(step), .level = static_cast<std::uint32_t>(delta.level)};
}

RemoteException decode_exception(Codec& codec) {
  apache::thrift::TApplicationException exception;
  exception.read(&codec.binary_in());
  return {static_cast<std::int32_t>(exception.getType()), exception.what()};
}

}  // namespace p2p::client
