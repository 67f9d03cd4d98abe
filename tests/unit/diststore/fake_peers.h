// Other nodes, as far as a test plays them: what they were asked, in the wire's own bytes, waits here for its answer.
#pragma once

#include <p2p/assert.h>
#include <p2p/handlers.h>
#include <p2p/peers.h>

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

// One message, to somebody.
struct Asked {
  NodeAddress to;
  std::string service;  // empty for a call to a node of the 2009 system
  std::string message;
  Duration deadline{};
  std::function<void(Result<std::string>)> done;
  bool is_classic = false;
  Peers::Expect expect = Peers::Expect::reply;

  // Reads the head; `codec` stands at the arguments then.
  std::string begin(Codec& codec) const {
    codec.in().attach(message);
    std::string name;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(name, type, sequence);
    return name;
  }
  std::string method() const {
    Codec codec;
    return begin(codec);
  }
};

// What was asked, as "StorePeer_claim_args". Stays where it is: see DecodedReply.
template <class Args>
class Arguments final {
 public:
  explicit Arguments(const Asked& asked) {
    Codec codec;
    asked.begin(codec);
    args_.read(&codec.binary_in());
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  const Args* operator->() const { return &args_; }

 private:
  Args args_;
};

class FakePeers final : public Peers {
 public:
  void call(const NodeAddress& to, std::string_view service, std::string message, Duration deadline,
            std::function<void(Result<std::string>)> done) override {
    asked.push_back({to, std::string(service), std::move(message), deadline, std::move(done)});
  }
  void call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                    std::function<void(Result<std::string>)> done) override {
    asked.push_back({to, "", std::move(message), deadline, std::move(done), true, expect});
  }

  // What was asked first, which must be this. It is the test's to answer.
  Asked take(std::string_view method) {
    P2P_ASSERT(!asked.empty(), "the test expects that a node is asked something");
    Asked first = std::move(asked.front());
    asked.pop_front();
    P2P_ASSERT(first.method() == method, "the test expects that a node is asked something else");
    return first;
  }
  // The same, of one node among others.
  Asked take(std::string_view method, const NodeAddress& of) {
    for (auto at = asked.begin(); at != asked.end(); ++at) {
      if (at->to != of || at->method() != method) continue;
      Asked found = std::move(*at);
      asked.erase(at);
      return found;
    }
    P2P_ASSERT(false, "the test expects that this node is asked");
    return {};
  }
  // "method of who", in the order in which they were asked.
  std::vector<std::string> questions() const {
    std::vector<std::string> all;
    for (const Asked& one : asked) all.push_back(one.method() + " of " + std::to_string(one.to.port));
    return all;
  }

  std::deque<Asked> asked;
};

// --- answers in the wire's own bytes ---------------------------------------------------------------------------------

// A reply with `value`; `GeneratedResult` is the one that the caller reads, "StorePeer_claim_result".
template <class GeneratedResult, class Value>
std::string reply_with(const std::string& method, const Value& value) {
  GeneratedResult result;
  result.success = value;
  result.__isset.success = true;
  Codec codec;
  codec.binary_out().writeMessageBegin(method, apache::thrift::protocol::T_REPLY, 0);
  result.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

inline std::string exception_with(const std::string& text,
                                  apache::thrift::TApplicationException::TApplicationExceptionType type =
                                      apache::thrift::TApplicationException::INTERNAL_ERROR) {
  Codec codec;
  codec.binary_out().writeMessageBegin("any", apache::thrift::protocol::T_EXCEPTION, 0);
  apache::thrift::TApplicationException(type, text).write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

}  // namespace p2p::diststore
