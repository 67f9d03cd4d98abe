// A fake node of the 2009 system: records the calls that it receives, in order and as text, and answers them.
#pragma once

#include <p2p/handlers.h>
#include <p2p/node_address.h>
#include <p2p/peers.h>
#include <p2p/result.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::ring {

class TestOldNode final {
 public:
  std::vector<NodeAddress> members;      // what get_all answers
  std::set<std::string> broken_methods;  // the connection breaks when one of them is called
  std::function<void()> when_joined;     // runs while a join is executed

  std::vector<std::string> received;  // "get_all", "join 127.0.0.1:9900", "add 127.0.0.1:9901 by 127.0.0.1:9900 ..."
  std::map<std::string, Peers::Expect> expected;  // by method: what the last caller waited for
  int unknown_calls = 0;                          // in our nodes' form, which it does not know

  bool has_received(std::string_view call) const {
    return std::find(received.begin(), received.end(), call) != received.end();
  }

  Result<std::string> handle(const std::string& message, Peers::Expect expect) {
    Codec codec;
    codec.in().attach(message);
    std::string method;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(method, type, sequence);
    received.push_back(method + arguments(method, codec));
    expected[method] = expect;
    if (broken_methods.contains(method)) return Error{ErrorKind::closed, "the connection broke"};
    if (method == "join" && when_joined) when_joined();
    return method == "get_all" ? list_of_members() : std::string();
  }

 private:
  static std::string arguments(const std::string& method, Codec& codec) {
    if (method == "join") {
      locator::Locator_join_args args;
      args.read(&codec.binary_in());
      return ' ' + from_wire(args.location).name();
    }
    if (method == "add") return change_text<locator::Locator_add_args>(codec);
    if (method == "remove") return change_text<locator::Locator_remove_args>(codec);
    return "";
  }

  template <class Args>
  static std::string change_text(Codec& codec) {
    Args args;
    args.read(&codec.binary_in());
    std::string text = ' ' + from_wire(args.location).name() + " by";
    for (const auto& authority : args.authorities) text += ' ' + from_wire(authority).name();
    return text;
  }

  std::string list_of_members() const {
    locator::Locator_get_all_result result;
    for (const NodeAddress& member : members) result.success.push_back(to_wire(member));
    result.__isset.success = true;
    Codec codec;
    codec.binary_out().writeMessageBegin("get_all", apache::thrift::protocol::T_REPLY, 0);
    result.write(&codec.binary_out());
    codec.binary_out().writeMessageEnd();
    return std::string(codec.out().written());
  }
};

}  // namespace p2p::ring
