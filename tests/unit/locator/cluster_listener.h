// What does a node hear when it is sent a call of the service Cluster, and what does its caller get?
#pragma once

#include "agreed/wire/cluster_service.h"
#include "shell_fakes.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace p2p::cluster::wire {

// Keeps what it is told, until it is answered.
class KeptCalls final : public Listener {
 public:
  void on_request(const Sender& sender, const ClusterId& of, MemberRequest asked, Respond answer) override {
    hear(sender, std::move(answer));
    cluster = of;
    request = std::move(asked);
  }
  void on_join(const Sender& sender, Member member, const Terms& its, Respond answer) override {
    hear(sender, std::move(answer));
    joiner = std::move(member);
    terms = its;
  }
  void on_watch(const Sender& sender, Respond answer) override {
    hear(sender, std::move(answer));
    is_watched = true;
  }

  Sender from;
  ClusterId cluster;
  std::optional<MemberRequest> request;
  std::optional<Member> joiner;
  std::optional<Terms> terms;
  bool is_watched = false;
  Respond respond;

 private:
  void hear(const Sender& sender, Respond answer) {
    from = sender;
    respond = std::move(answer);
  }
};

// One node's service, called by its bytes.
struct ClusterService {
  ClusterService() { add_cluster_methods(methods, heard); }

  // `ended` gets how the call ended, when it does.
  void call(std::string message) {
    methods.handle(Call(new ring::TestCall(std::move(message),
                                           [this](const Result<std::string>& reply) { ended = read_reply(reply); })));
  }

  std::optional<CallEnd> ended;  // written to when what is heard is forgotten
  std::shared_ptr<KeptCalls> heard = std::make_shared<KeptCalls>();
  Methods methods;
};

// The whole message that answers a call.
inline std::string reply_of(const Response& response) {
  std::string message;
  ClusterService service;
  const Sender asker{.node = {{.high = 1, .low = 1}}, .boot = {.number = 1}};
  service.methods.handle(Call(
      new ring::TestCall(encode_watch(asker), [&](const Result<std::string>& reply) { message = reply.value(); })));
  service.heard->respond(response);
  return message;
}

}  // namespace p2p::cluster::wire
