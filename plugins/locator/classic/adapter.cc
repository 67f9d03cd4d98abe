#include "classic/adapter.h"

#include "classic/core/change_text.h"
#include "classic/wire/messages.h"

#include <algorithm>
#include <utility>

namespace p2p::classic {
namespace {

using membership::JoinEnd;
using membership::JoinOutcome;

std::vector<std::string> names_of(const std::vector<NodeAddress>& addresses) {
  std::vector<std::string> names;
  names.reserve(addresses.size());
  for (const NodeAddress& address : addresses) names.push_back(address.name());
  return names;
}

JoinOutcome outcome_of_join(const CallResult& result, const std::string& why) {
  // If this node cannot ask, that does not mean that nobody is there.
  if (result.outcome == CallOutcome::silent || result.outcome == CallOutcome::unable) return JoinOutcome::silent;
  const bool is_self = result.outcome == CallOutcome::rejected && why.find(kIsThisNode) != std::string::npos;
  return is_self ? JoinOutcome::is_self : JoinOutcome::absent;
}

JoinEnd not_joined(const NodeAddress& via, std::string why) {
  return {.via = via, .outcome = JoinOutcome::absent, .why = std::move(why)};
}

}  // namespace

Adapter::Adapter(Member self, ClassicOptions options, Duration call_timeout)
    : core_(std::move(self), options), call_timeout_(call_timeout) {}

// --- the core's effects ----------------------------------------------------------------------------------------------

void Adapter::send(const NodeAddress& to, Form form, std::string message, Duration deadline, Ended ended,
                   membership::Effects& effects) {
  const membership::CallId id = ++last_call_;
  awaited_.emplace(id, std::move(ended));
  effects.calls.push_back({id, to, std::move(message), deadline, static_cast<int>(form)});
}

void Adapter::call_ended(membership::CallId id, const Result<std::string>& reply, TimePoint now,
                         membership::Effects& effects) {
  if (auto found = awaited_.extract(id)) found.mapped()(reply, now, effects);
}

void Adapter::pass_on(Effects wanted, membership::Effects& effects) {
  for (const MembershipChange& change : wanted.changes) {
    effects.changes.push_back({change.kind, change.address, change_text(change), is_trouble(change)});
  }
  for (OutgoingCall& call : wanted.calls) pass_on(std::move(call), effects);
  if (wanted.refuted) {
    effects.warnings.push_back("another node had removed this one; it announces itself again as incarnation " +
                               std::to_string(core_.self().incarnation));
  }
  effects.table_changed = effects.table_changed || wanted.table_changed;
  effects.farewell_done = effects.farewell_done || wanted.farewell_done;
}

template <class Act>
void Adapter::with_core(membership::Effects& effects, Act act) {
  Effects wanted;
  act(wanted);
  pass_on(std::move(wanted), effects);
}

void Adapter::pass_on(OutgoingCall wanted, membership::Effects& effects) {
  Form form = Form::ours;
  if (wanted.is_classic) form = std::holds_alternative<Survey>(wanted.message) ? Form::of_2009 : Form::of_2009_done;
  auto bytes = wanted.is_classic ? wire::encode_classic_call(wanted.message) : wire::encode_call(wanted.message);
  const NodeAddress to = wanted.to;
  auto ended = [this, wanted = std::move(wanted)](const Result<std::string>& reply, TimePoint now,
                                                  membership::Effects& more) {
    std::string why;
    const auto result =
        wanted.is_classic ? wire::read_classic_reply(wanted.message, reply) : wire::read_reply(reply, why);
    with_core(more, [&](Effects& further) { core_.call_ended(wanted.id, result, now, further); });
  };
  send(to, form, std::move(bytes), call_timeout_, std::move(ended), effects);
}

// --- input -----------------------------------------------------------------------------------------------------------

void Adapter::report(const membership::Evidence& evidence, TimePoint now, membership::Effects& effects) {
  switch (evidence.kind) {
    case membership::Evidence::Kind::unreachable:
      with_core(effects, [&](Effects& wanted) { core_.connect_failed(evidence.about, now, wanted); });
  }
}

Result<Done> Adapter::merge_table(std::string_view table, TimePoint now, membership::Effects& effects) {
  const auto view = wire::decode_table(table);
  if (!view.ok()) return view.error();
  with_core(effects, [&](Effects& wanted) { core_.merge(view.value().members, now, wanted); });
  return Done{};
}

std::string Adapter::encode_table() const { return wire::encode_table(core_.view()); }

void Adapter::withdraw(TimePoint now, membership::Effects& effects) {
  is_leaving_ = true;
  with_core(effects, [&](Effects& wanted) { core_.withdraw(now, wanted); });
}

void Adapter::leave(TimePoint now, membership::Effects& effects) {
  with_core(effects, [&](Effects& wanted) { core_.leave(now, wanted); });
}

void Adapter::tick(TimePoint now, membership::Effects& effects) {
  with_core(effects, [&](Effects& wanted) { core_.tick(now, wanted); });
}

Result<View> Adapter::handle(const Message& message, TimePoint now, membership::Effects& effects) {
  Effects wanted;
  auto view = core_.handle(message, now, wanted);
  pass_on(std::move(wanted), effects);
  // A node that joins one that has itself joined nobody must not take the two for a network.
  if (view.ok() && std::holds_alternative<Join>(message)) view.value().waits_for = waits_for_;
  return view;
}

void Adapter::add(const NodeAddress& address, const std::vector<NodeAddress>& visited, TimePoint now,
                  membership::Effects& effects) {
  with_core(effects, [&](Effects& wanted) { core_.classic_add(address, names_of(visited), now, wanted); });
}

void Adapter::remove(const NodeAddress& address, const std::vector<NodeAddress>& visited, TimePoint now,
                     membership::Effects& effects) {
  with_core(effects, [&](Effects& wanted) { core_.classic_remove(address, names_of(visited), now, wanted); });
}

// --- joining ---------------------------------------------------------------------------------------------------------

void Adapter::join(const NodeAddress& via, Duration patience, TimePoint, membership::Effects& effects) {
  send(
      via, Form::ours, wire::encode_call(Join{core_.self()}), patience,
      [this, via](const auto& reply, TimePoint now, auto& more) { answered_join(via, reply, now, more); }, effects);
}

// Whoever has let this node in has told it of the others; and they hear of it with the next comparison.
void Adapter::enter(const std::optional<NodeAddress>& via, TimePoint, membership::Effects& effects) {
  using How = membership::Entry::How;
  effects.entered = membership::Entry{.how = via ? How::joined : How::founded, .via = via};
}

void Adapter::answered_join(const NodeAddress& via, const Result<std::string>& reply, TimePoint now,
                            membership::Effects& effects) {
  std::string why;
  const auto result = wire::read_reply(reply, why);
  if (result.outcome == CallOutcome::answered) return take_in(via, result.view, now, effects);
  if (is_leaving_) return;
  if (result.outcome == CallOutcome::classic) return ask_whom_it_knows(via, effects);
  effects.joins.push_back({.via = via, .outcome = outcome_of_join(result, why), .why = why});
}

void Adapter::take_in(const NodeAddress& via, const View& view, TimePoint now, membership::Effects& effects) {
  with_core(effects, [&](Effects& wanted) {
    core_.merge(view.members, now, wanted);
    core_.compare_after_join(now, wanted);
  });
  effects.joins.push_back({.via = via, .outcome = JoinOutcome::joined, .waits_for = view.waits_for});
}

// A node of the 2009 system is joined in its own way: ask which nodes it knows, adopt them, and only then send the
// join.
void Adapter::ask_whom_it_knows(const NodeAddress& via, membership::Effects& effects) {
  send(
      via, Form::of_2009, wire::encode_get_all(), call_timeout_,
      [this, via](const auto& reply, TimePoint now, auto& more) { join_those(via, reply, now, more); }, effects);
}

void Adapter::join_those(const NodeAddress& via, const Result<std::string>& reply, TimePoint now,
                         membership::Effects& effects) {
  if (is_leaving_) return;
  const auto members = wire::read_get_all(reply);
  if (!members.ok()) return effects.joins.push_back(not_joined(via, members.error().text));
  const auto& theirs = members.value();
  if (theirs.empty()) return effects.joins.push_back(not_joined(via, "it is on no ring, not even its own"));
  if (has_joined_ && std::find(theirs.begin(), theirs.end(), core_.self().address) != theirs.end()) {
    // A member under another name than the candidate's.
    return effects.joins.push_back({.via = via, .outcome = JoinOutcome::joined});
  }
  with_core(effects, [&](Effects& wanted) {
    core_.classic_join(via, theirs, now, wanted);
    core_.compare_after_join(now, wanted);
  });
  say_join(via, effects);
}

// It pings a joiner before it finishes the join, and we answer pings once we have joined.
void Adapter::say_join(const NodeAddress& via, membership::Effects& effects) {
  send(
      via, Form::of_2009_sent, wire::encode_classic_join(core_.self().address), call_timeout_,
      [via](const auto& reply, TimePoint, auto& more) {
        if (!reply.ok()) return more.joins.push_back(not_joined(via, reply.error().text));
        more.joins.push_back({.via = via, .outcome = JoinOutcome::joined});
      },
      effects);
}

// --- the ways of its messages ----------------------------------------------------------------------------------------

membership::Carrier carrier(Peers& peers, std::string service) {
  return [&peers, service = std::move(service)](membership::OutgoingCall call, auto ended) {
    const auto form = static_cast<Form>(call.form);
    if (form == Form::ours) {
      return peers.call(call.to, service, std::move(call.message), call.deadline, std::move(ended));
    }
    const auto expect = form == Form::of_2009        ? Peers::Expect::reply
                        : form == Form::of_2009_done ? Peers::Expect::execution
                                                     : Peers::Expect::nothing;
    peers.call_classic(call.to, std::move(call.message), expect, call.deadline, std::move(ended));
  };
}

}  // namespace p2p::classic
