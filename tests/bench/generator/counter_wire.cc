#include "generator/peer_wires.h"
#include "load/thrift_reply.h"

#include <p2p/binary_writer.h>

#include <fmt/format.h>
#include <thrift/protocol/TProtocol.h>

namespace p2p::bench {
namespace {

using namespace apache::thrift::protocol;  // NOLINT: TType and TMessageType
using load::Reply;
using load::Verdict;

constexpr std::string_view kMethod = "value";

class CounterValue final : public load::Wire {
 public:
  explicit CounterValue(const load::Dataset& data) : data_(data) {}

  void request(std::uint64_t number, std::string& into) const override {
    const std::string key = data_.key(number);
    BinaryPiece<64> head;
    head.message(T_CALL, "counter:value", static_cast<std::int32_t>(load::sequence_of(number)));
    head.field(T_STRING, 1);
    head.length(key.size());
    BinaryPiece<4> frame;
    frame.length(head.written().size() + key.size() + 1);
    into.append(frame.written()).append(head.written()).append(key);
    into.push_back(T_STOP);
  }

  // Nobody has counted anything: the value is 0.
  std::optional<Reply> reply(std::string_view received, std::uint64_t number) const override {
    const auto message = load::frame_of(received);
    if (!message) return std::nullopt;
    const std::size_t length = load::kFrameHead + message->size();
    const load::MessageHead head = load::head_of(*message);
    if (head.method != kMethod || head.sequence != load::sequence_of(number)) {
      return Reply{length, Verdict::misplaced, fmt::format("{} was answered with {}", kMethod, head.method)};
    }
    if (!head.is_reply) {
      load::Told told = load::decode_exception(*message);
      return Reply{length, told.verdict, std::move(told.words)};
    }
    // Field 0, an i64, and the end.
    constexpr std::string_view kZero("\x0A\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12);
    if (head.body != kZero) return Reply{length, Verdict::misplaced, "a counter that nobody has touched is not 0"};
    return Reply{length, Verdict::good, {}};
  }

 private:
  const load::Dataset data_;
};

}  // namespace

std::unique_ptr<load::Wire> counter_value(const load::Dataset& data) { return std::make_unique<CounterValue>(data); }

}  // namespace p2p::bench
