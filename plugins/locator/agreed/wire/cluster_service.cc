#include "agreed/wire/cluster_service.h"

#include "agreed/wire/calls.h"
#include "agreed/wire/replies.h"
#include "agreed/wire/values.h"

#include <string>
#include <utility>

namespace p2p::cluster::wire {

namespace {

constexpr std::int16_t kRefusedField = 1;  // of each method's `throws`

template <class Presult>
void answer(p2p::Answer<Presult>& call, const Response& response) {
  if (const auto* replied = std::get_if<Replied>(&response)) return call(to_wire(*replied));
  if (const auto* refused = std::get_if<Refused>(&response)) return call.raise(kRefusedField, to_wire(*refused));
  call.fail(CallFault::internal_error, std::get<Error>(response).text);
}

template <class Presult>
Respond respond_to(p2p::Answer<Presult> call) {
  auto kept = std::make_shared<p2p::Answer<Presult>>(std::move(call));
  return [kept](const Response& response) { answer(*kept, response); };
}

// A call of `method` is read by `read`, and handed on by `hear`.
template <class Args, class Presult, class Read, class Hear>
void add(Methods& methods, const std::string& method, Read read, Hear hear) {
  methods.on<Args, Presult>(method, [read, hear](auto& args, auto call) {
    auto received = read(args);
    if (!received.ok()) return call.fail(CallFault::protocol_error, received.error().text);
    hear(std::move(received).value(), respond_to(std::move(call)));
  });
}

template <class Args, class Presult>
void add_request(Methods& methods, const std::string& method, const std::shared_ptr<Listener>& listener) {
  add<Args, Presult>(
      methods, method, [](const Args& args) { return read_call(args); },
      [listener](Received received, Respond respond) {
        listener->on_request(received.from, received.cluster, std::move(received.request), std::move(respond));
      });
}

}  // namespace

void add_cluster_methods(Methods& methods, const std::shared_ptr<Listener>& listener) {
  using namespace ::cluster_wire;
  add_request<Cluster_renew_args, Cluster_renew_presult>(methods, "renew", listener);
  add_request<Cluster_prepare_args, Cluster_prepare_presult>(methods, "prepare", listener);
  add_request<Cluster_accept_args, Cluster_accept_presult>(methods, "accept", listener);
  add_request<Cluster_announce_args, Cluster_announce_presult>(methods, "announce", listener);
  add_request<Cluster_fetch_map_args, Cluster_fetch_map_presult>(methods, "fetch_map", listener);
  add_request<Cluster_adopt_args, Cluster_adopt_presult>(methods, "adopt", listener);
  add_request<Cluster_suggest_args, Cluster_suggest_presult>(methods, "suggest", listener);
  add_request<Cluster_begin_hand_over_args, Cluster_begin_hand_over_presult>(methods, "begin_hand_over", listener);
  add_request<Cluster_report_args, Cluster_report_presult>(methods, "report", listener);
  add_request<Cluster_unheard_args, Cluster_unheard_presult>(methods, "unheard", listener);
  add<Cluster_join_args, Cluster_join_presult>(
      methods, "join", read_join, [listener](ReceivedJoin received, Respond respond) {
        listener->on_join(received.from, std::move(received.joiner), received.terms, std::move(respond));
      });
  add<Cluster_watch_args, Cluster_watch_presult>(
      methods, "watch", read_watch,
      [listener](const Sender& from, Respond respond) { listener->on_watch(from, std::move(respond)); });
}

}  // namespace p2p::cluster::wire
