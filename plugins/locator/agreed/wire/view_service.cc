#include "agreed/wire/view_service.h"

#include "agreed/view/orders.h"
#include "agreed/view/report.h"
#include "agreed/wire/view_values.h"
#include "placement/partition_of.h"

#include <ClusterAdmin.h>
#include <ClusterView.h>

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>

namespace p2p::agreed {

namespace view = ::cluster_view;
using cluster::ClusterMap;
using cluster::NodeId;
using cluster::Request;

namespace {

constexpr std::size_t kIdDigits = 32;
constexpr std::int16_t kRefusedField = 1;  // of each method's `throws`

template <class Presult>
void refuse(Answer<Presult>& answer, const std::string& why) {
  view::Refused refused;
  refused.why = why;
  answer.raise(kRefusedField, refused);
}

// The map, or none, and the call is answered.
template <class Presult>
std::shared_ptr<const ClusterMap> map_for(const ViewSource& source, Answer<Presult>& answer) {
  auto map = source.observer->map();
  if (map == nullptr) refuse(answer, "this node is part of no cluster yet");
  return map;
}

TimePoint now() { return std::chrono::steady_clock::now(); }

std::chrono::milliseconds lease_left(TimePoint held_until) {
  if (held_until <= now()) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(held_until - now());
}

template <class Presult>
TimePoint answer_by(const Answer<Presult>& answer, Duration wait) {
  return std::min(now() + wait, answer.deadline() - kWaitMargin);
}

std::size_t natural(std::int32_t number) { return static_cast<std::size_t>(std::max(0, number)); }

void state(const ViewSource& source, Answer<view::ClusterView_state_presult> answer) {
  const Knowledge known = source.observer->knowledge();
  if (known.map == nullptr) return refuse(answer, "this node is part of no cluster yet");
  answer(view_wire::state(known, lease_left(source.lease_held_until())));
}

void plan(const ViewSource& source, const view::Proposal& what, Answer<view::ClusterView_plan_presult> answer) {
  const auto map = map_for(source, answer);
  if (map == nullptr) return;
  const auto wanted = view_wire::proposal(what);
  if (!wanted.ok()) return refuse(answer, wanted.error().text);
  const auto made = plan_of(*map, wanted.value());
  if (!made.ok()) return refuse(answer, made.error().text);
  answer(view_wire::plan(made.value()));
}

void watch(const ViewSource& source, const view::ClusterView_watch_args& args,
           Answer<view::ClusterView_watch_presult> answer) {
  const auto map = map_for(source, answer);
  if (map == nullptr) return;
  const auto wait = std::min<Duration>(std::chrono::milliseconds(natural(args.wait_ms)), kEventWaitMax);
  const TimePoint until = answer_by(answer, wait);
  // Of a cluster that is not the node's own, nothing is known here.
  const cluster::ClusterId cluster = args.cluster == map->cluster.text() ? map->cluster : cluster::ClusterId{};
  auto kept = std::make_shared<decltype(answer)>(std::move(answer));
  source.observer->await_events(cluster, static_cast<cluster::Epoch>(std::max<std::int64_t>(0, args.epoch)), until,
                                [kept](const auto& happened) { (*kept)(view_wire::events(happened)); });
}

// `order` is what is asked for, of the member named.
template <class Presult>
void obey(const ViewSource& source, const cluster::Member& member, const Result<Request>& order,
          Answer<Presult> answer) {
  if (!order.ok()) return refuse(answer, order.error().text);
  view::Ordered told;
  told.id = member.id.text();
  told.address = member.address.name();
  const TimePoint until = answer_by(answer, kOrderWait);
  const bool is_removal = std::holds_alternative<cluster::Remove>(order.value());
  source.order(order.value(), now() + kOrderKept);
  auto kept = std::make_shared<Answer<Presult>>(std::move(answer));
  source.observer->await_order(
      order.value(), until, [kept, told, is_removal, id = member.id](bool is_done, const ClusterMap& map) mutable {
        told.done = is_done;
        if (!is_done) told.waits_for = is_removal ? removal_waits_for(map, id) : "the voters have not decided it yet";
        (*kept)(told);
      });
}

// Whoever asks again for a removal may find it done.
template <class Presult>
void be_done(const std::string& id, Answer<Presult>& answer) {
  view::Ordered told;
  told.done = true;
  told.id = id;
  answer(told);
}

template <class Presult, class MakeOrder>
void take_order(const ViewSource& source, const std::string& node, Answer<Presult> answer, MakeOrder make_order) {
  constexpr bool is_removal = std::is_same_v<Presult, view::ClusterAdmin_remove_presult>;
  const auto map = map_for(source, answer);
  if (map == nullptr) return;
  const auto slot = member_named(*map, node);
  if (!slot.ok()) {
    if (is_removal && node.size() == kIdDigits && slot.error().kind == ErrorKind::not_found)
      return be_done(node, answer);
    return refuse(answer, slot.error().text);
  }
  obey(source, map->at(slot.value()), make_order(*map, slot.value()), std::move(answer));
}

// --- recovery --------------------------------------------------------------------------------------------------------

Result<std::vector<cluster::NodeId>> members_named(const ClusterMap& map, const std::vector<std::string>& texts) {
  std::vector<cluster::NodeId> nodes;
  for (const std::string& text : texts) {
    const auto slot = member_named(map, text);
    if (!slot.ok()) return slot.error();
    nodes.push_back(map.at(slot.value()).id);
  }
  return nodes;
}

template <class Presult>
void recover(const ViewSource& source, const std::vector<std::string>& survivors, std::optional<Confirmed> confirmed,
             Answer<Presult> answer) {
  const auto map = map_for(source, answer);
  if (map == nullptr) return;
  auto named = members_named(*map, survivors);
  if (!named.ok()) return refuse(answer, named.error().text);
  auto kept = std::make_shared<Answer<Presult>>(std::move(answer));
  source.recover({.survivors = std::move(named).value(), .confirmed = std::move(confirmed)},
                 [kept, observer = source.observer](const Result<RecoveryTold>& told) {
                   if (!told.ok()) return refuse(*kept, told.error().text);
                   (*kept)(view_wire::recovery_plan(told.value(), observer->knowledge()));
                 });
}

void recover_as_confirmed(const ViewSource& source, const view::ClusterAdmin_recover_args& args,
                          Answer<view::ClusterAdmin_recover_presult> answer) {
  const auto map = map_for(source, answer);
  if (map == nullptr) return;
  const auto given_up = members_named(*map, args.given_up);
  if (!given_up.ok()) return refuse(answer, given_up.error().text);
  Confirmed confirmed{.epoch = static_cast<cluster::Epoch>(std::max<std::int64_t>(0, args.epoch)), .given_up = {}};
  confirmed.given_up.insert(given_up.value().begin(), given_up.value().end());
  recover(source, args.survivors, std::move(confirmed), std::move(answer));
}

}  // namespace

void add_view_methods(Methods& methods, const ViewSource& source) {
  using namespace ::cluster_view;
  methods.on<ClusterView_state_args, ClusterView_state_presult>(
      "state", [source](auto&, auto answer) { state(source, std::move(answer)); });
  methods.on<ClusterView_partitions_args, ClusterView_partitions_presult>(
      "partitions", [source](auto& args, auto answer) {
        if (const auto map = map_for(source, answer))
          answer(view_wire::partitions(*map, natural(args.first), natural(args.count)));
      });
  methods.on<ClusterView_where_args, ClusterView_where_presult>("where", [source](auto& args, auto answer) {
    if (const auto map = map_for(source, answer)) {
      const auto count = static_cast<std::uint32_t>(map->partitions.size());
      answer(view_wire::partitions(*map, placement::partition_of(args.key, count), 1));
    }
  });
  methods.on<ClusterView_watch_args, ClusterView_watch_presult>(
      "watch", [source](auto& args, auto answer) { watch(source, args, std::move(answer)); });
  methods.on<ClusterView_plan_args, ClusterView_plan_presult>(
      "plan", [source](auto& args, auto answer) { plan(source, args.what, std::move(answer)); });
}

void add_admin_methods(Methods& methods, const ViewSource& source) {
  using namespace ::cluster_view;
  methods.on<ClusterAdmin_remove_args, ClusterAdmin_remove_presult>(
      "remove", [source](auto& args, auto answer) { take_order(source, args.node, std::move(answer), removal); });
  methods.on<ClusterAdmin_set_weight_args, ClusterAdmin_set_weight_presult>(
      "set_weight", [source](auto& args, auto answer) {
        take_order(source, args.node, std::move(answer), [weight = args.weight](const ClusterMap& map, auto slot) {
          return change_of_weight(map, slot, weight);
        });
      });
  methods.on<ClusterAdmin_plan_recovery_args, ClusterAdmin_plan_recovery_presult>(
      "plan_recovery",
      [source](auto& args, auto answer) { recover(source, args.survivors, std::nullopt, std::move(answer)); });
  methods.on<ClusterAdmin_recover_args, ClusterAdmin_recover_presult>(
      "recover", [source](auto& args, auto answer) { recover_as_confirmed(source, args, std::move(answer)); });
}

}  // namespace p2p::agreed
