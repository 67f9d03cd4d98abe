#include "generator/peer_wires.h"
#include "load/thrift_reply.h"

#include <p2p/binary_writer.h>

#include <fmt/format.h>
#include <thrift/protocol/TProtocol.h>

#include <stdexcept>

namespace p2p::bench {
namespace {

using load::Reply;
using load::Verdict;

class ClassicGet final : public load::Wire {
 public:
  ClassicGet(const load::Dataset& data, load::ValueCheck check) : data_(data), check_(check) {}

  void request(std::uint64_t number, std::string& into) const override {
    const std::string key = data_.key(number);
    BinaryPiece<64> head;
    head.message(apache::thrift::protocol::T_CALL, "get", static_cast<std::int32_t>(load::sequence_of(number)));
    head.field(apache::thrift::protocol::T_STRING, 1);
    head.length(key.size());
    into.append(head.written()).append(key);
    into.push_back(apache::thrift::protocol::T_STOP);
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
    const std::uint32_t value_bytes = load::big_endian(received.substr(kHead + 3));
    const std::size_t length = kValueAt + value_bytes + 1;
    if (received.size() < length) return std::nullopt;
    if (load::big_endian(received.substr(kSequenceAt)) != load::sequence_of(number)) {
      return Reply{length, Verdict::misplaced, "a get was answered with another sequence id than its own"};
    }
    const std::string_view value = received.substr(kValueAt, value_bytes);
    if (value.empty() && data_.value_bytes != 0) return Reply{length, Verdict::missing, "the store has no such key"};
    if (is_right(number, value)) return Reply{length, Verdict::good, {}};
    return Reply{length, Verdict::misplaced, fmt::format("key {} has a value that no load stored", data_.key(number))};
  }

 private:
  bool is_right(std::uint64_t number, std::string_view value) const {
    return check_ == load::ValueCheck::bytes ? data_.is_value_of(number, value) : value.size() == data_.value_bytes;
  }

  const load::Dataset data_;
  const load::ValueCheck check_;
};

}  // namespace

std::unique_ptr<load::Wire> classic_get(const load::Dataset& data, load::ValueCheck check) {
  return std::make_unique<ClassicGet>(data, check);
}

}  // namespace p2p::bench
