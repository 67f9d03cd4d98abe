#include "load/thrift_reply.h"
#include "load/wire.h"

#include <p2p/binary_writer.h>
#include <p2p/handlers.h>

#include <Store.h>
#include <fmt/format.h>

#include <exception>
#include <stdexcept>

namespace p2p::load {
namespace {

// Appends the framed call with the key's number as its sequence id.
template <class Arguments>
void append_frame(const std::string& method, const Arguments& arguments, std::uint64_t number, std::string& into) {
  std::string message = encode_call(method, arguments);
  BinaryPiece<4> sequence;
  sequence.i32(static_cast<std::int32_t>(sequence_of(number)));
  message.replace(8 + method.size(), 4, sequence.written());
  BinaryPiece<kFrameHead> frame;
  frame.length(message.size());
  into.append(frame.written()).append(message);
}

// A whole framed reply, recognized by `method`; `judge` checks one that is no exception and belongs to the request.
template <class Judge>
std::optional<Reply> framed_reply(std::string_view received, std::string_view method, std::uint64_t number,
                                  Judge judge) {
  const auto message = frame_of(received);
  if (!message) return std::nullopt;
  const std::size_t length = kFrameHead + message->size();
  const MessageHead head = head_of(*message);
  if (head.method != method || head.sequence != sequence_of(number)) {
    return Reply{length, Verdict::misplaced,
                 fmt::format("{} of sequence id {} came where {} of {} was awaited", head.method, head.sequence, method,
                             sequence_of(number))};
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
    const bool is_right =
        check_ == ValueCheck::bytes ? data_.is_value_of(number, value) : value.size() == data_.value_bytes;
    if (is_right) return {};
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

}  // namespace

Wire::~Wire() = default;

std::unique_ptr<Wire> framed_read(const Dataset& data, std::string_view prefix, ValueCheck check) {
  return std::make_unique<FramedRead>(data, prefix, check);
}
std::unique_ptr<Wire> framed_write(const Dataset& data, std::string_view prefix) {
  return std::make_unique<FramedWrite>(data, prefix);
}

}  // namespace p2p::load
