#include "wire/store_messages.h"

#include <p2p/idl/Ring.h>

#include <thrift/TApplicationException.h>
#include <thrift/protocol/TProtocolException.h>

#include <utility>

namespace p2p::client {
namespace {

using namespace apache::thrift::protocol;

// Ids in idl/diststore.thrift. Arguments: 1 key(s) or items, 2 value, last the empty options.
constexpr std::int16_t kFirst = 1;
constexpr std::int16_t kSecond = 2;
constexpr std::int16_t kThird = 3;
constexpr std::int16_t kSuccess = 0;

void write_text(BinaryProtocol& out, std::int16_t id, std::string_view text) {
  out.writeFieldBegin("", T_STRING, id);
  out.writeString(text);
}

void write_empty_struct(BinaryProtocol& out, std::int16_t id) {
  out.writeFieldBegin("", T_STRUCT, id);
  out.writeFieldStop();
}

void begin_list(BinaryProtocol& out, TType type, std::size_t size) {
  out.writeFieldBegin("", T_LIST, kFirst);
  out.writeListBegin(type, static_cast<std::uint32_t>(size));
}

// Calls `field(type, id)` for each field of the struct at hand; what it does not take, by false, is skipped.
template <class Field>
void each_field(BinaryProtocol& in, Field field) {
  std::string name;
  in.readStructBegin(name);
  while (true) {
    TType type{};
    std::int16_t id = 0;
    in.readFieldBegin(name, type, id);
    if (type == T_STOP) break;
    if (!field(type, id)) in.skip(type);
    in.readFieldEnd();
  }
  in.readStructEnd();
}

bool read_number(BinaryProtocol& in, TType type, std::int64_t& number) {
  if (type != T_I64) return false;
  in.readI64(number);
  return true;
}

bool read_version(BinaryProtocol& in, TType type, Version& version) {
  if (type != T_STRUCT) return false;
  each_field(in, [&](TType field, std::int16_t id) {
    if (id == 1) return read_number(in, field, version.stamp);
    return id == 2 && read_number(in, field, version.node);
  });
  return true;
}

bool read_flag(BinaryProtocol& in, TType type, bool& flag) {
  if (type != T_BOOL) return false;
  in.readBool(flag);
  return true;
}

bool read_text(BinaryProtocol& in, TType type, std::string& text) {
  if (type != T_STRING) return false;
  in.readBinary(text);
  return true;
}

bool read_view(BinaryProtocol& in, TType type, std::optional<std::int64_t>& view) {
  std::int64_t told = 0;
  if (!read_number(in, type, told)) return false;
  view = told;
  return true;
}

void read_one(BinaryProtocol& in, Read& result, std::optional<std::int64_t>& view) {
  each_field(in, [&](TType type, std::int16_t id) {
    switch (id) {
      case 1:
        return read_flag(in, type, result.found);
      case 2:
        return read_text(in, type, result.value);
      case 3:
        return read_version(in, type, result.version);
      case 4:
        return read_view(in, type, view);
      default:
        return false;
    }
  });
}

void read_one(BinaryProtocol& in, Written& result, std::optional<std::int64_t>& view) {
  each_field(in, [&](TType type, std::int16_t id) {
    if (id == 1) return read_version(in, type, result.version);
    return id == 2 && read_view(in, type, view);
  });
}

void read_one(BinaryProtocol& in, Erased& result, std::optional<std::int64_t>& view) {
  each_field(in, [&](TType type, std::int16_t id) {
    switch (id) {
      case 1:
        return read_flag(in, type, result.found);
      case 2:
        return read_view(in, type, view);
      case 3:
        return read_version(in, type, result.version);
      default:
        return false;
    }
  });
}

template <class T>
bool read_results(BinaryProtocol& in, TType type, bool is_many, StoreReply<T>& reply) {
  if (!is_many) {
    if (type != T_STRUCT) return false;
    read_one(in, reply.one, reply.view);
    return true;
  }
  if (type != T_LIST) return false;
  TType element{};
  std::uint32_t size = 0;
  in.readListBegin(element, size);
  if (element != T_STRUCT && size > 0) throw TProtocolException(TProtocolException::INVALID_DATA, "no list of results");
  // At least the stop byte of each has arrived: Thrift has compared the size with what is there.
  reply.many.reserve(size);
  for (std::uint32_t at = 0; at < size; ++at) read_one(in, reply.many.emplace_back(), reply.view);
  in.readListEnd();
  return true;
}

bool read_refusal(BinaryProtocol& in, TType type, std::optional<StoreRefusal>& refusal) {
  if (type != T_STRUCT) return false;
  refusal.emplace();
  each_field(in, [&](TType field, std::int16_t id) {
    if (id == 1 && field == T_I32) {
      in.readI32(refusal->kind);
      return true;
    }
    return id == 2 && read_text(in, field, refusal->message);
  });
  return true;
}

template <class T>
void decode_reply_of(Codec& codec, bool is_many, StoreReply<T>& reply) {
  BinaryProtocol& in = codec.binary_in();
  bool has_results = false;
  each_field(in, [&](TType type, std::int16_t id) {
    if (id == kSuccess) return has_results = read_results(in, type, is_many, reply);
    return id == kFirst && read_refusal(in, type, reply.refusal);
  });
  if (!has_results && !reply.refusal) {
    throw TProtocolException(TProtocolException::INVALID_DATA, "neither a result nor an error");
  }
}

}  // namespace

Codec& encoding_codec() {
  thread_local Codec codec;
  return codec;
}

FrameInfo encode_read(Codec& codec, std::string_view service, std::string_view key, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "read");
  write_text(codec.binary_out(), kFirst, key);
  write_empty_struct(codec.binary_out(), kSecond);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_write(Codec& codec, std::string_view service, std::string_view key, std::string_view value,
                       std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "write");
  write_text(codec.binary_out(), kFirst, key);
  write_text(codec.binary_out(), kSecond, value);
  write_empty_struct(codec.binary_out(), kThird);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

FrameInfo encode_erase(Codec& codec, std::string_view service, std::string_view key, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "erase");
  write_text(codec.binary_out(), kFirst, key);
  write_empty_struct(codec.binary_out(), kSecond);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

namespace {

FrameInfo encode_keys(Codec& codec, std::string_view service, std::string_view method,
                      std::span<const std::string_view> keys, std::string& frame) {
  const FrameInfo info = begin_call(codec, service, method);
  begin_list(codec.binary_out(), T_STRING, keys.size());
  for (const std::string_view key : keys) codec.binary_out().writeString(key);
  write_empty_struct(codec.binary_out(), kSecond);
  codec.binary_out().writeFieldStop();
  end_call(codec, frame);
  return info;
}

}  // namespace

FrameInfo encode_read_many(Codec& codec, std::string_view service, std::span<const std::string_view> keys,
                           std::string& frame) {
  return encode_keys(codec, service, "read_many", keys, frame);
}

FrameInfo encode_erase_many(Codec& codec, std::string_view service, std::span<const std::string_view> keys,
                            std::string& frame) {
  return encode_keys(codec, service, "erase_many", keys, frame);
}

FrameInfo encode_write_many(Codec& codec, std::string_view service, std::span<const ItemView> items,
                            std::string& frame) {
  const FrameInfo info = begin_call(codec, service, "write_many");
  BinaryProtocol& out = codec.binary_out();
  begin_list(out, T_STRUCT, items.size());
  for (const ItemView& item : items) {
    write_text(out, kFirst, item.key);
    write_text(out, kSecond, item.value);
    out.writeFieldStop();
  }
  write_empty_struct(out, kSecond);
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

void decode(Codec& codec, bool is_many, StoreReply<Read>& reply) { decode_reply_of(codec, is_many, reply); }
void decode(Codec& codec, bool is_many, StoreReply<Written>& reply) { decode_reply_of(codec, is_many, reply); }
void decode(Codec& codec, bool is_many, StoreReply<Erased>& reply) { decode_reply_of(codec, is_many, reply); }

RingFacts decode_state(Codec& codec) {
  locator::Ring_state_result result;
  result.read(&codec.binary_in());
  if (!result.__isset.success) throw TProtocolException(TProtocolException::INVALID_DATA, "no state of a ring");
  RingFacts facts;
  for (const auto& member : result.success.members) facts.members.push_back(from_wire(member));
  for (const auto& member : result.success.leaving) facts.leaving.push_back(from_wire(member));
  facts.view = static_cast<std::uint64_t>(result.success.view);
  facts.placement = std::move(result.success.placement);
  return facts;
}

RemoteException decode_exception(Codec& codec) {
  apache::thrift::TApplicationException exception;
  exception.read(&codec.binary_in());
  return {static_cast<std::int32_t>(exception.getType()), exception.what()};
}

}  // namespace p2p::client
