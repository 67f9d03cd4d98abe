#include "load/thrift_reply.h"
#include "load/wire.h"

#include <p2p/handlers.h>

#include <Store.h>
#include <fmt/format.h>

#include <exception>
#include <stdexcept>

namespace p2p::load {
namespace {

void put_big_endian(std::uint32_t number, char* into) {
  for (int shift = 24; shift >= 0; shift -= 8) *into++ = static_cast<char>(number >> shift);
}

// Appends the call with the key's number as its sequence id.
template <class Arguments>
void append_call(const std::string& method, const Arguments& arguments, std::uint64_t number, std::string& into) {
  std::string message = encode_call(method, arguments);
  put_big_endian(sequence_of(number), message.data() + 8 + method.size());
  into += message;
}

template <class Arguments>
void append_frame(const std::string& method, const Arguments& arguments, std::uint64_t number, std::string& into) {
  const std::size_t head_at = into.size();
  into.append(kFrameHead, '\0');
  append_call(method, arguments, number, into);
  put_big_endian(static_cast<std::uint32_t>(into.size() - head_at - kFrameHead), into.data() + head_at);
}

bool is_right(const Dataset& data, ValueCheck check, std::uint64_t number, std::string_view value) {
  return check == ValueCheck::bytes ? data.is_value_of(number, value) : value.size() == data.value_bytes;
}

Reply misplaced(std::size_t length, std::string words) { return {length, Verdict::misplaced, std::move(words)}; }

// A whole framed reply, recognized by `method`; `judge` checks one that is no exception and belongs to the request.
template <class Judge>
std::optional<Reply> framed_reply(std::string_view received, std::string_view method, std::uint64_t number,
                                  Judge judge) {
  const auto message = frame_of(received);
  if (!message) return std::nullopt;
  const std::size_t length = kFrameHead + message->size();
  const MessageHead head = head_of(*message);
  if (head.method != method || head.sequence != sequence_of(number)) {
    return misplaced(length, fmt::format("{} of sequence id {} came where {} of {} was awaited", head.method,
                                         head.sequence, method, sequence_of(number)));
  }
  Told told;
  try {
    told = head.is_reply ? judge(*message, head.body) : decode_exception(*message);
  } catch (const std::exception& failure) {
    throw std::runtime_error(fmt::format("a reply cannot be read: {}", failure.what()));
  }
  return Reply{length, told.verdict, std::move(told.words)};
}

class FramedRead final : public Wire {
 public:
  FramedRead(const Dataset& data, std::string_view prefix, ValueCheck check)
      : data_(data), method_(std::string(prefix) + "read"), check_(check) {}

  void request(std::uint64_t number, std::string& into) const override {
    diststore::Store_read_args arguments;
    arguments.key = data_.key(number);
    append_frame(method_, arguments, number, into);
  }

  std::optional<Reply> reply(std::string_view received, std::uint64_t number) const override {
    return framed_reply(received, "read", number, [&](std::string_view message, std::string_view body) -> Told {
      if (const auto value = found_value(body)) return judge(number, *value);
      const Told told = decode_read(message);
      return told.verdict == Verdict::good ? judge(number, told.value) : told;
    });
  }

 private:
  Told judge(std::uint64_t number, std::string_view value) const {
    if (is_right(data_, check_, number, value)) return {};
    return {Verdict::misplaced,
            fmt::format("key {} has a value that no load stored, of {} bytes", data_.key(number), value.size()),
            {}};
  }

  const Dataset data_;
  const std::string method_;
  const ValueCheck check_;
};

class FramedWrite final : public Wire {
 public:
  FramedWrite(const Dataset& data, std::string_view prefix) : data_(data), method_(std::string(prefix) + "write") {}

  void request(std::uint64_t number, std::string& into) const override {
    diststore::Store_write_args arguments;
    arguments.key = data_.key(number);
    arguments.value = data_.value(number);
    append_frame(method_, arguments, number, into);
  }

  std::optional<Reply> reply(std::string_view received, std::uint64_t number) const override {
    return framed_reply(received, "write", number, [](std::string_view message, std::string_view body) -> Told {
      // Field 0, a structure: the result. A declared StoreError is field 1.
      if (body.starts_with(std::string_view("\x0C\x00\x00", 3))) return {};
      return decode_write(message);
    });
  }

 private:
  const Dataset data_;
  const std::string method_;
};

class ClassicGet final : public Wire {
 public:
  ClassicGet(const Dataset& data, ValueCheck check) : data_(data), check_(check) {}

  void request(std::uint64_t number, std::string& into) const override {
    diststore::Store_get_args arguments;
    arguments.key = data_.key(number);
    append_call("get", arguments, number, into);
  }

  // An unframed message carries no length, but this one always has the same shape: head, field 0 as a string, end.
  std::optional<Reply> reply(std::string_view received, std::uint64_t number) const override {
    constexpr std::size_t kMessageTypeAt = 3;
    constexpr std::size_t kSequenceAt = 4 + 4 + 3;  // version and type, length of the name, "get"
    constexpr std::size_t kHead = kSequenceAt + 4;
    constexpr std::size_t kValueAt = kHead + 1 + 2 + 4;
    if (received.size() < kValueAt) return std::nullopt;
    if (received[kMessageTypeAt] != apache::thrift::protocol::T_REPLY ||
        received[kHead] != apache::thrift::protocol::T_STRING) {
      throw std::runtime_error("get was answered with an exception");
    }
    const std::uint32_t value_bytes = big_endian(received.substr(kHead + 3));
    const std::size_t length = kValueAt + value_bytes + 1;
    if (received.size() < length) return std::nullopt;
    if (big_endian(received.substr(kSequenceAt)) != sequence_of(number)) {
      return misplaced(length, "a get was answered with another sequence id than its own");
    }
    const std::string_view value = received.substr(kValueAt, value_bytes);
    if (value.empty() && data_.value_bytes != 0) return Reply{length, Verdict::missing, "the store has no such key"};
    if (is_right(data_, check_, number, value)) return Reply{length, Verdict::good, {}};
    return misplaced(length, fmt::format("key {} has a value that no load stored", data_.key(number)));
  }

 private:
  const Dataset data_;
  const ValueCheck check_;
};

}  // namespace

Wire::~Wire() = default;

std::unique_ptr<Wire> framed_read(const Dataset& data, std::string_view prefix, ValueCheck check) {
  return std::make_unique<FramedRead>(data, prefix, check);
}
std::unique_ptr<Wire> framed_write(const Dataset& data, std::string_view prefix) {
  return std::make_unique<FramedWrite>(data, prefix);
}
std::unique_ptr<Wire> classic_get(const Dataset& data, ValueCheck check) {
  return std::make_unique<ClassicGet>(data, check);
}

}  // namespace p2p::load
