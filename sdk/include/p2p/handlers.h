// How does a Thrift interface become a service? The only header that exposes Thrift: typed asynchronous methods
// (Methods), generated processors (synchronous, and Thrift's own cob style), and the handlers that answer Base and
// Locator.
//
//   synchronous, may block:    serve_processor(context, spec, std::make_shared<GreeterProcessor>(handler));
//   synchronous, never blocks: the same with spec.dispatch = Dispatch::io
//   asynchronous, typed:       auto methods = std::make_shared<Methods>();
//                              methods->on<Greeter_greet_args, Greeter_greet_presult>(...)
//   asynchronous, cob style:   serve_processor(context, spec, std::make_shared<GreeterAsyncProcessor>(cob_handler));
#pragma once

#include <p2p/call.h>
#include <p2p/context.h>
#include <p2p/locator.h>
#include <p2p/message_buffer.h>
#include <p2p/typed_input.h>

#include <thrift/TApplicationException.h>
#include <thrift/TProcessor.h>
#include <thrift/async/TAsyncProcessor.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>

#include <p2p/idl/Base.h>
#include <p2p/idl/Locator.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace p2p {

using BinaryProtocol = apache::thrift::protocol::TBinaryProtocolT<MessageBuffer>;
using CompactProtocol = apache::thrift::protocol::TCompactProtocolT<MessageBuffer>;

// Elements that one container of a message may have; a larger one is a protocol error. Keeps a small message from
// allocating much: a million of the largest element we have (an Item) is about 130 MB.
inline constexpr std::int32_t kContainerElementsMax = 1'000'000;

// Buffers and protocols of one call: pooled by the host, reused from call to call. A codec whose protocol threw halfway
// through a message is thrown away. One thread at a time.
class P2P_API Codec {
 public:
  Codec();
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  MessageBuffer& in() noexcept { return *in_; }
  MessageBuffer& out() noexcept { return *out_; }
  BinaryProtocol& binary_in() noexcept { return binary_in_; }
  BinaryProtocol& binary_out() noexcept { return binary_out_; }
  CompactProtocol& compact_in() noexcept { return compact_in_; }
  CompactProtocol& compact_out() noexcept { return compact_out_; }

  // Shared forms for generated processors; they live as long as any of them is held.
  std::shared_ptr<apache::thrift::protocol::TProtocol> shared_in(Encoding encoding);
  std::shared_ptr<apache::thrift::protocol::TProtocol> shared_out(Encoding encoding);

 private:
  std::shared_ptr<MessageBuffer> in_;
  std::shared_ptr<MessageBuffer> out_;
  BinaryProtocol binary_in_;
  BinaryProtocol binary_out_;
  CompactProtocol compact_in_;
  CompactProtocol compact_out_;
};

// Runs `body` with the call's protocol as its concrete type.
template <class Body>
decltype(auto) with_input(Codec& codec, Encoding encoding, Body&& body) {
  return encoding == Encoding::binary ? body(codec.binary_in()) : body(codec.compact_in());
}
// The same for the arguments of a call; throws when a value is not of the type that its reader asks for.
template <class Body>
decltype(auto) with_arguments(Codec& codec, Encoding encoding, Body&& body) {
  if (encoding == Encoding::binary) {
    constexpr bool kIsStrict = true;  // about message heads, of which there are none among arguments
    TypedInput<BinaryProtocol> input(codec.in(), 0, kContainerElementsMax, kIsStrict, kIsStrict);
    return body(input);
  }
  TypedInput<CompactProtocol> input(codec.in(), 0, kContainerElementsMax);
  return body(input);
}
template <class Body>
decltype(auto) with_output(Codec& codec, Encoding encoding, Body&& body) {
  return encoding == Encoding::binary ? body(codec.binary_out()) : body(codec.compact_out());
}

// --- the typed asynchronous kind -------------------------------------------------------------------------------------

// The right to answer one call with a generated result type ("Store_read_presult"). Move-only; may be kept and used
// from any thread, one at a time. If it is destroyed unused, the caller gets an exception that says so.
template <class Presult>
class [[nodiscard]] Answer {
 public:
  explicit Answer(Call call) noexcept : call_(std::move(call)) {}

  const CallInfo& info() const noexcept { return call_.info(); }
  TimePoint deadline() const noexcept { return call_.deadline(); }
  bool open() const noexcept { return call_.open(); }

  // Answers with a value, or with nothing for a void method.
  template <class Value>
  void operator()(const Value& value) {
    Presult result;
    result.success = const_cast<Value*>(&value);  // a presult only reads what it points to when it is written
    result.__isset.success = true;
    write(result);
  }
  void operator()() {
    Presult result;
    write(result);
  }

  // Answers with an exception that the IDL declares as field `field` of the method's throws. Written here, because a
  // generated presult writes its success in any case.
  template <class Exception>
  void raise(std::int16_t field, const Exception& exception) {
    write_reply([&](auto& protocol) {
      protocol.writeStructBegin("");
      protocol.writeFieldBegin("", apache::thrift::protocol::T_STRUCT, field);
      exception.write(&protocol);
      protocol.writeFieldEnd();
      protocol.writeFieldStop();
      protocol.writeStructEnd();
    });
  }

  void fail(CallFault fault, std::string_view text) noexcept { call_.fail(fault, text); }

  // The call itself, to forward it or to dispatch it again. The Answer cannot be used afterwards.
  Call release() noexcept { return std::move(call_); }

 private:
  void write(const Presult& result) {
    write_reply([&](auto& protocol) { result.write(&protocol); });
  }

  template <class WriteResult>
  void write_reply(WriteResult&& write_result) {
    CallState* state = call_.state();
    P2P_ASSERT(state != nullptr, "a call is answered once");
    const CallInfo& info = state->info();
    with_output(state->codec(), info.encoding, [&](auto& protocol) {
      protocol.writeMessageBegin(std::string(info.method), apache::thrift::protocol::T_REPLY, info.sequence);
      write_result(protocol);
      protocol.writeMessageEnd();
    });
    call_.take()->finish();
  }

  Call call_;
};

// A table of methods by name: decodes the generated argument struct with the concrete protocol and hands it to a
// function. Filled before it is served, read-only afterwards.
class P2P_API Methods final : public Endpoint {
 public:
  // handler(Args&, Answer<Presult>); it may move from its arguments. A call whose arguments cannot be read, or lack one
  // that the IDL calls `required`, is answered with PROTOCOL_ERROR, and the handler does not see it. Any other argument
  // that is absent, or of another type, has its default value.
  template <class Args, class Presult, class Handler>
  Methods& on(const std::string& method, Handler handler) {
    return set(method, [handler = std::move(handler)](Call call) { decode<Args, Presult>(std::move(call), handler); });
  }

  // The same, run at once, for a method that was set() and has peeked at the arguments without consuming them: answers
  // the call when they make no sense.
  template <class Args, class Presult, class Handler>
  static void decode(Call call, Handler&& handler) {
    Args args;
    if (read_arguments(call, args)) handler(args, Answer<Presult>(std::move(call)));
  }

  // handler(Args&, Call), for methods the IDL declares oneway: nothing is answered, destroying the call ends it.
  template <class Args, class Handler>
  Methods& on_oneway(const std::string& method, Handler handler) {
    return set(method, [handler = std::move(handler)](Call call) {
      call.state()->expect_no_reply();
      Args args;
      if (read_arguments(call, args)) handler(args, std::move(call));
    });
  }

  // The handler gets the call with its arguments unread.
  Methods& set(const std::string& method, std::function<void(Call)> handler);

  // A method that the table does not know is answered with UNKNOWN_METHOD.
  void handle(Call call) override;

 private:
  template <class Args>
  static bool read_arguments(Call& call, Args& args) {
    CallState* state = call.state();
    try {
      with_arguments(state->codec(), state->info().encoding, [&](auto& protocol) { args.read(&protocol); });
      return true;
    } catch (const std::exception& failure) {
      refuse_arguments(call, failure.what());
      return false;
    }
  }
  static void refuse_arguments(Call& call, const char* why) noexcept;

  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };
  std::unordered_map<std::string, std::function<void(Call)>, NameHash, std::equal_to<>> methods_;
};

// The methods of locator.Base for a service described by `spec`: ping, service_type, service_types, debug, die.
P2P_API void add_base_methods(Methods& methods, Context& context, const ServiceSpec& spec);

// Those of locator.Locator on top: join, remove, add, get_all, get_node, all answered by `locator`.
P2P_API void add_locator_methods(Methods& methods, Context& context, const ServiceSpec& spec,
                                 std::shared_ptr<ILocator> locator);

// --- generated processors --------------------------------------------------------------------------------------------

// Serves a generated synchronous processor; spec.dispatch says whether its handler may block.
P2P_API Result<Done> serve_processor(Context& context, ServiceSpec spec,
                                     std::shared_ptr<apache::thrift::TProcessor> processor);

// Serves a generated cob-style processor. Its callbacks may be called from any thread, one at a time; each answers
// once, a second answer is dropped, and a callback destroyed uncalled answers with an exception. Arguments must be
// copied before the handler returns: generated code keeps them on its stack.
P2P_API Result<Done> serve_processor(Context& context, ServiceSpec spec,
                                     std::shared_ptr<apache::thrift::async::TAsyncProcessor> processor);

// --- handlers for synchronous services -------------------------------------------------------------------------------

// Base's answers, for a handler that also implements the interface generated from its own .thrift:
//   class GreeterHandler : public p2p::BaseHandler, public greeter::GreeterIf { ... };
// Every method: [rpc].
class P2P_API BaseHandler : virtual public locator::BaseIf {
 public:
  // `context` outlives the handler; `spec` is what is passed to serve_processor.
  BaseHandler(Context& context, ServiceSpec spec);

  void ping() override;
  void service_type(std::string& answer) override;
  void service_types(std::vector<std::string>& answer) override;
  void debug() override;
  void die() override;

 protected:
  Context& context() noexcept { return context_; }

 private:
  Context& context_;
  ServiceSpec spec_;
};

// Base and Locator, for a handler whose .thrift extends locator.Locator. It is a ring layer too: override add() and
// cleanup() of p2p::RingLayer to take part in ring changes; push it with ILocator::push_layer. The wire's own add, join
// and remove go to the locator, so that each change runs through every layer once.
class P2P_API LocatorHandler : public BaseHandler, virtual public locator::LocatorIf, public RingLayer {
 public:
  LocatorHandler(Context& context, ServiceSpec spec, std::shared_ptr<ILocator> locator);

  void join(const locator::Location& address) override;
  void remove(const locator::Location& address, const std::vector<locator::Location>& visited_nodes) override;
  void add(const locator::Location& address, const std::vector<locator::Location>& visited_nodes) override;
  void get_all(std::vector<locator::Location>& answer) override;
  void get_node(locator::Location& answer, const std::string& key) override;

  using RingLayer::add;
  using RingLayer::remove;

 protected:
  ILocator& ring() noexcept { return *locator_; }

 private:
  std::shared_ptr<ILocator> locator_;
};

// --- messages of our own ---------------------------------------------------------------------------------------------

P2P_API NodeAddress from_wire(const locator::Location& address);
P2P_API locator::Location to_wire(const NodeAddress& address);

// The whole binary message of a call, for Peers::call. Sequence id 0; the peer connection gives it its own.
template <class Args>
std::string encode_call(const std::string& method, const Args& args) {
  Codec codec;
  codec.binary_out().writeMessageBegin(method, apache::thrift::protocol::T_CALL, 0);
  args.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::move(codec.out().block());
}

// Reads the head of a binary reply; on success `codec` is positioned at the result. Part of decode_reply.
P2P_API Result<Done> begin_reply(Codec& codec, std::string_view message);

// A reply read into a generated result ("Store_read_result"), or why it could not be. Cannot be copied or moved,
// because Thrift 0.17 declares those of its result types without defining them.
template <class GeneratedResult>
class DecodedReply final {
 public:
  explicit DecodedReply(std::string_view message) {
    Codec codec;
    if (auto begun = begin_reply(codec, message); !begun.ok()) {
      error_ = begun.error();
      return;
    }
    try {
      value_.read(&codec.binary_in());
    } catch (const std::exception& failure) {
      error_ = Error{ErrorKind::protocol, std::string("the reply makes no sense: ") + failure.what()};
    }
  }
  DecodedReply(const DecodedReply&) = delete;
  DecodedReply& operator=(const DecodedReply&) = delete;

  bool ok() const noexcept { return !error_.has_value(); }
  GeneratedResult& value() {
    P2P_ASSERT(ok(), "value() of a reply that could not be read");
    return value_;
  }
  const GeneratedResult& value() const {
    P2P_ASSERT(ok(), "value() of a reply that could not be read");
    return value_;
  }
  const Error& error() const { return *error_; }

 private:
  GeneratedResult value_;
  std::optional<Error> error_;
};

// Reads the whole binary reply message. An Error of kind refused carries the text of a TApplicationException, one of
// kind protocol says that the bytes make no sense.
template <class GeneratedResult>
DecodedReply<GeneratedResult> decode_reply(std::string_view message) {
  return DecodedReply<GeneratedResult>(message);
}

// Whether a whole binary message says that the asked node knows no such method, as those of the 2009 system do.
P2P_API bool is_unknown_method(std::string_view reply);

}  // namespace p2p
