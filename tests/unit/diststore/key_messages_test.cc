// Do the calls that are read and answered by hand look as the generated code makes and reads them?
#include "serving/key_messages.h"

#include <p2p/handlers.h>

#include <Store.h>
#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

using apache::thrift::protocol::T_REPLY;
using apache::thrift::protocol::TMessageType;
namespace wire = ::diststore;

// A call whose codec stands at the arguments, as the host hands it over.
class WireCall final : public CallState {
 public:
  template <class Args>
  WireCall(Encoding encoding, const char* method, const Args& args) {
    info_.method = method;
    info_.sequence = 77;
    info_.encoding = encoding;
    Codec writer;
    with_output(writer, encoding, [&](auto& protocol) { args.write(&protocol); });
    set_arguments(std::string(writer.out().written()));
  }
  void set_arguments(std::string encoded) {
    arguments_ = std::move(encoded);
    codec_.in().attach(arguments_);
  }
  const std::string& arguments() const { return arguments_; }

  const CallInfo& info() const noexcept override { return info_; }
  Codec& codec() noexcept override { return codec_; }
  void rewind() noexcept override {}
  void finish() noexcept override { is_finished = true; }
  void fail(CallFault fault, std::string_view) noexcept override { failed = fault; }
  void abandon() noexcept override {}
  void forward(const NodeAddress&, Duration, std::function<void(Error, Call)>) override {}
  void disagree() noexcept override {}
  void dispatch_again() override {}
  void keep() override {}
  void expect_no_reply() noexcept override {}
  TimePoint deadline() const noexcept override { return {}; }
  void note_unknown_outcome() noexcept override {}
  bool has_unknown_outcome() const noexcept override { return false; }

  // What a client reads in the reply.
  template <class Result>
  void read(Result& result) {
    Codec reader;
    reader.in().attach(codec_.out().written());
    with_input(reader, info_.encoding, [&](auto& protocol) {
      std::string name;
      TMessageType type{};
      std::int32_t sequence = 0;
      protocol.readMessageBegin(name, type, sequence);
      EXPECT_EQ(name, info_.method);
      EXPECT_EQ(type, T_REPLY);
      EXPECT_EQ(sequence, 77);
      result.read(&protocol);
    });
    EXPECT_EQ(reader.in().unread(), 0u);
  }

  bool is_finished = false;
  std::optional<CallFault> failed;

 private:
  CallInfo info_;
  Codec codec_;
  std::string arguments_;
};

class KeyMessages : public ::testing::TestWithParam<Encoding> {
 protected:
  static wire::Store_write_args write_args() {
    wire::Store_write_args args;
    args.key = std::string("k\0ey", 4);
    args.value = std::string(300, '\xff');
    wire::Version version;
    version.stamp = 3;
    version.node = -17;
    args.options.__set_if_version(version);
    return args;
  }
  WireCall state{GetParam(), "write", write_args()};
  Call call{&state};

  ~KeyMessages() override { static_cast<void>(call.take()); }
};

TEST_P(KeyMessages, KeyAndValueAreFoundWhereTheyLie) {
  const auto arguments = take_key_arguments(call, Required::key_and_value);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->key, std::string("k\0ey", 4));
  EXPECT_EQ(arguments->value, std::string(300, '\xff'));
  EXPECT_GE(arguments->key.data(), state.arguments().data());
  EXPECT_LT(arguments->key.data(), state.arguments().data() + state.arguments().size());
}

TEST_P(KeyMessages, AConditionIsAmongTheOptions) {
  using Conditions = replication::Condition::Kind;
  const auto condition_with = [](const wire::WriteOptions& options) {
    auto args = write_args();
    args.options = options;
    WireCall asked(GetParam(), "write", args);
    Call of_asked(&asked);
    const auto arguments = take_key_arguments(of_asked, Required::key_and_value);
    EXPECT_EQ(arguments.has_value(), condition_of(options).has_value());
    static_cast<void>(of_asked.take());
    if (!arguments) return Conditions::none;
    EXPECT_EQ(arguments->condition.kind, condition_of(options)->kind) << "as the generated code reads it";
    return arguments->condition.kind;
  };
  wire::WriteOptions options;
  EXPECT_EQ(condition_with(options), Conditions::none);
  options.__set_if_absent(false);
  EXPECT_EQ(condition_with(options), Conditions::none);
  options.__set_if_version({});
  EXPECT_EQ(condition_with(options), Conditions::if_version);
  options.__set_if_absent(true);
  EXPECT_EQ(condition_with(options), Conditions::none) << "two are refused";
  wire::WriteOptions absent;
  absent.__set_if_absent(true);
  EXPECT_EQ(condition_with(absent), Conditions::if_absent);
  const auto arguments = take_key_arguments(call, Required::key_and_value);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->condition.version.term, 3U);
  EXPECT_EQ(arguments->condition.version.seq, static_cast<std::uint64_t>(-17));
}

// What a client may send: each argument as a text, as a number, or not at all, and something that nobody knows.
enum class Sent { text, number, nothing };
std::string arguments_with(Encoding encoding, Sent key, Sent value) {
  using namespace apache::thrift::protocol;  // NOLINT
  Codec writer;
  with_output(writer, encoding, [&](auto& protocol) {
    protocol.writeStructBegin("");
    const auto write = [&](std::int16_t id, Sent sent) {
      if (sent == Sent::nothing) return;
      protocol.writeFieldBegin("", sent == Sent::text ? T_STRING : T_I32, id);
      if (sent == Sent::text) {
        protocol.writeString(std::string());
      } else {
        protocol.writeI32(0);
      }
      protocol.writeFieldEnd();
    };
    write(1, key);
    write(2, value);
    write(99, Sent::number);
    protocol.writeFieldStop();
    protocol.writeStructEnd();
  });
  return std::string(writer.out().written());
}

TEST_P(KeyMessages, WhatIsRequiredMustBeThereAndATextWhichMayBeEmpty) {
  for (const Sent key : {Sent::text, Sent::number, Sent::nothing}) {
    for (const Sent value : {Sent::text, Sent::number, Sent::nothing}) {
      for (const Required required : {Required::key, Required::key_and_value}) {
        WireCall asked(GetParam(), "write", write_args());
        asked.set_arguments(arguments_with(GetParam(), key, value));
        Call of_asked(&asked);
        const bool is_whole = key == Sent::text && (value == Sent::text || required == Required::key);
        const auto arguments = take_key_arguments(of_asked, required);
        EXPECT_EQ(arguments.has_value(), is_whole);
        EXPECT_EQ(asked.failed.has_value(), !is_whole);
        EXPECT_TRUE(is_whole || asked.failed == CallFault::protocol_error);
        static_cast<void>(of_asked.take());
      }
    }
  }
}

TEST_P(KeyMessages, ArgumentsThatAreCutOffAreAnsweredWithThat) {
  const std::string whole = state.arguments();
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    WireCall cut(GetParam(), "write", write_args());
    cut.set_arguments(whole.substr(0, bytes));
    Call of_cut(&cut);
    EXPECT_FALSE(take_key_arguments(of_cut, Required::key_and_value)) << bytes;
    EXPECT_EQ(cut.failed, CallFault::protocol_error) << bytes;
    static_cast<void>(of_cut.take());
  }
}

TEST_P(KeyMessages, AValueThatWasFound) {
  write_found(call, std::string_view("va\0lue", 6), {12, static_cast<std::uint64_t>(-3)}, -9, 0);
  wire::Store_read_result result;
  state.read(result);
  EXPECT_TRUE(result.success.found);
  EXPECT_EQ(result.success.value, std::string("va\0lue", 6));
  EXPECT_EQ(result.success.version.stamp, 12);
  EXPECT_EQ(result.success.version.node, -3);
  EXPECT_EQ(result.success.view, -9);
  EXPECT_TRUE(result.success.__isset.value && result.success.__isset.version && result.success.__isset.view);
}

TEST_P(KeyMessages, AValueThatWasFoundAndExpires) {
  write_found(call, "value", {12, 3}, -9, 1500);
  wire::Store_read_result result;
  state.read(result);
  EXPECT_EQ(result.success.value, "value");
  EXPECT_EQ(result.success.ttl_left_ms, 1500);
  EXPECT_EQ(result.success.view, -9);
}

TEST_P(KeyMessages, ATimeToLiveIsAmongTheOptions) {
  for (const std::int64_t ttl_ms : {std::int64_t{1}, kTtlMaxMs, std::int64_t{0}, std::int64_t{-1}, kTtlMaxMs + 1}) {
    auto args = write_args();
    args.options.__set_ttl_ms(ttl_ms);
    WireCall asked(GetParam(), "write", args);
    Call of_asked(&asked);
    const auto arguments = take_key_arguments(of_asked, Required::key_and_value);
    EXPECT_EQ(arguments.has_value(), is_ttl(ttl_ms)) << ttl_ms;
    EXPECT_EQ(ttl_of(args.options).has_value(), is_ttl(ttl_ms)) << "as the generated code reads it";
    EXPECT_EQ(arguments ? arguments->ttl_ms : ttl_ms, ttl_ms);
    static_cast<void>(of_asked.take());
  }
  EXPECT_EQ(ttl_of({}), 0);
}

TEST_P(KeyMessages, ThatAnyCopyMayAnswerIsAmongTheOptionsOfARead) {
  for (const bool any_copy : {true, false}) {
    wire::Store_read_args args;
    args.key = "key";
    args.options.__set_any_copy(any_copy);
    WireCall asked(GetParam(), "read", args);
    Call of_asked(&asked);
    const auto arguments = take_key_arguments(of_asked, Required::key);
    ASSERT_TRUE(arguments.has_value());
    EXPECT_EQ(arguments->any_copy, any_copy);
    EXPECT_EQ(arguments->key, "key");
    static_cast<void>(of_asked.take());
  }
}

TEST_P(KeyMessages, HowOldACopysAnswerMayBe) {
  write_found(call, "value", {7, 8}, -9, 1500, 40);
  wire::Store_read_result result;
  state.read(result);
  EXPECT_EQ(result.success.value, "value");
  EXPECT_EQ(result.success.ttl_left_ms, 1500);
  EXPECT_EQ(result.success.stale_ms_max, 40);
  EXPECT_EQ(result.success.view, -9);
}

TEST_P(KeyMessages, HowOldACopysAnswerMayBeThatThereIsNone) {
  write_missing(call, 5, 41);
  wire::Store_read_result result;
  state.read(result);
  EXPECT_FALSE(result.success.found);
  EXPECT_EQ(result.success.stale_ms_max, 41);
  EXPECT_EQ(result.success.view, 5);
}

TEST_P(KeyMessages, AValueThatIsMissing) {
  write_missing(call, 5);
  wire::Store_read_result result;
  state.read(result);
  EXPECT_FALSE(result.success.found);
  EXPECT_FALSE(result.success.__isset.value || result.success.__isset.version);
  EXPECT_FALSE(result.success.__isset.stale_ms_max);
  EXPECT_EQ(result.success.view, 5);
}

TEST_P(KeyMessages, AWriteThatWasDone) {
  write_stored(call, {7, 8}, 9);
  wire::Store_write_result result;
  state.read(result);
  EXPECT_EQ(result.success.version.stamp, 7);
  EXPECT_EQ(result.success.version.node, 8);
  EXPECT_EQ(result.success.view, 9);
  EXPECT_FALSE(result.__isset.error);
}

TEST_P(KeyMessages, AnEraseThatFoundSomethingAndOneThatDidNot) {
  write_erased(call, true, {7, 8}, 9);
  wire::Store_erase_result result;
  state.read(result);
  EXPECT_TRUE(result.success.found);
  EXPECT_EQ(result.success.version.node, 8);
  EXPECT_EQ(result.success.view, 9);
  state.codec().out().clear();
  write_erased(call, false, {7, 8}, 9);
  wire::Store_erase_result nothing;
  state.read(nothing);
  EXPECT_FALSE(nothing.success.found || nothing.success.__isset.version);
  EXPECT_EQ(nothing.success.view, 9);
}

TEST_P(KeyMessages, ATextOfGet) {
  write_text(call, "value");
  wire::Store_get_result result;
  state.read(result);
  EXPECT_EQ(result.success, "value");
}

INSTANTIATE_TEST_SUITE_P(Encodings, KeyMessages, ::testing::Values(Encoding::binary, Encoding::compact),
                         [](const auto& tried) { return tried.param == Encoding::binary ? "Binary" : "Compact"; });

}  // namespace
}  // namespace p2p::diststore
