#include "agreed/agreed_entries.h"

#include "agreed/agreed_keys.h"
#include "agreed/refused_writes.h"
#include "engine/space_key.h"
#include "serving/peer_errors.h"
#include "serving/wire_version.h"

#include <StoreSpaces.h>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

namespace p2p::diststore::agreed {

using replication::Answer;
using replication::Condition;
using replication::KeyWrite;
using replication::Verdict;
using Outcomes = wire::StateOutcome;

namespace {

constexpr const char* kNotServed = "this node does not serve the route key at the moment";
constexpr const char* kNobody = "no node owns the route key at the moment";
constexpr const char* kOverloaded = "too many calls wait for the copies of the route key's partition";
constexpr const char* kOutcomeUnknown =
    "the primary stopped being that before all copies in sync had confirmed the change";

KeyWrite write_of(const EntryChange& change) {
  Condition condition{.kind = Condition::Kind::if_absent};
  if (change.if_version) {
    condition = {.kind = Condition::Kind::if_version, .version = replication::version_of(*change.if_version)};
  }
  if (!change.value) return KeyWrite::erase(change.key, condition);
  return KeyWrite::put(change.key, *change.value, condition);
}

Result<FoundEntry> found_by(const Answer& answer) {
  switch (answer.verdict) {
    case Verdict::done:
      return FoundEntry{answer.write->value, stored(answer.version)};
    case Verdict::missing:
      return FoundEntry{};
    case Verdict::overloaded:
      return Error{ErrorKind::overloaded, kOverloaded};
    case Verdict::refused:
    case Verdict::full:
    case Verdict::condition_failed:  // these four are no verdicts on a read
    case Verdict::forgotten:
    case Verdict::unknown:
      break;
  }
  return Error{ErrorKind::unreachable, kNotServed};
}

Result<ChangedEntry> changed_by(const Answer& answer) {
  switch (answer.verdict) {
    case Verdict::done:
      return ChangedEntry{true, stored(answer.version)};
    case Verdict::missing:  // an erase without a condition, of which there is none here
    case Verdict::condition_failed:
      return ChangedEntry{};
    case Verdict::overloaded:
      return Error{ErrorKind::overloaded, kOverloaded};
    case Verdict::full:
      return Error{ErrorKind::overloaded, answer.why};
    case Verdict::refused:
    case Verdict::forgotten:  // of an operation, of which there is none here
      return Error{ErrorKind::unreachable, too_few_copies(answer).value_or(kNotServed)};
    case Verdict::unknown:
      break;
  }
  return Error{ErrorKind::timed_out, kOutcomeUnknown};
}

// --- the wire --------------------------------------------------------------------------------------------------------

wire::StateReply reply_of(const Error& error) {
  wire::StateReply reply;
  reply.outcome = may_have_run(error.kind)              ? Outcomes::unknown
                  : error.kind == ErrorKind::overloaded ? Outcomes::overloaded
                                                        : Outcomes::not_executed;
  reply.__set_why(error.text);
  return reply;
}
wire::StateReply reply_of(const Result<FoundEntry>& read) {
  if (!read.ok()) return reply_of(read.error());
  wire::StateReply reply;
  reply.outcome = read.value().value ? Outcomes::done : Outcomes::missing;
  if (!read.value().value) return reply;
  reply.__set_value(*read.value().value);
  reply.__set_version(to_wire(read.value().version));
  return reply;
}
wire::StateReply reply_of(const Result<ChangedEntry>& changed) {
  if (!changed.ok()) return reply_of(changed.error());
  wire::StateReply reply;
  reply.outcome = changed.value().is_done ? Outcomes::done : Outcomes::condition_failed;
  if (changed.value().is_done) reply.__set_version(to_wire(changed.value().version));
  return reply;
}

// Of the outcomes that are neither's success. One that is not known says nothing about what happened.
Error error_of(const wire::StateReply& reply) {
  if (reply.outcome == Outcomes::not_executed) return {ErrorKind::unreachable, reply.why};
  if (reply.outcome == Outcomes::overloaded) return {ErrorKind::overloaded, reply.why};
  if (reply.outcome == Outcomes::unknown) return {ErrorKind::timed_out, reply.why};
  return {ErrorKind::protocol, "the reply does not fit what was asked"};
}
void take_reply(const EntryAccess::Then<FoundEntry>& then, wire::StateReply& reply) {
  if (reply.outcome == Outcomes::missing) return then(FoundEntry{});
  if (reply.outcome != Outcomes::done) return then(error_of(reply));
  then(FoundEntry{std::move(reply.value), from_wire(reply.version)});
}
void take_reply(const EntryAccess::Then<ChangedEntry>& then, wire::StateReply& reply) {
  if (reply.outcome == Outcomes::condition_failed) return then(ChangedEntry{});
  if (reply.outcome != Outcomes::done) return then(error_of(reply));
  then(ChangedEntry{true, from_wire(reply.version)});
}

template <class Then>
using ReplyTo = std::conditional_t<std::is_same_v<Then, EntryAccess::Then<FoundEntry>>,
                                   wire::StoreSpaces_read_state_result, wire::StoreSpaces_change_state_result>;

}  // namespace

// --- for this node's services ----------------------------------------------------------------------------------------

KeyRoute AgreedEntries::route(std::string_view key) const { return routing_->route(placed_by(key)); }

void AgreedEntries::read(const std::string& key, TimePoint deadline, Then<FoundEntry> then) {
  const KeyRoute where = route(key);
  if (where.where == KeyRoute::Where::here) return read_here(key, where, std::move(then));
  if (where.node == nullptr) return then(Error{ErrorKind::unreachable, kNobody});
  wire::StoreSpaces_read_state_args args;
  args.key = key;
  ask(*where.node, "read_state", args, deadline, std::move(then));
}

void AgreedEntries::change(const EntryChange& change, TimePoint deadline, Then<ChangedEntry> then) {
  const KeyRoute where = route(change.key);
  if (where.where == KeyRoute::Where::here) return change_here(change, std::move(then));
  if (where.node == nullptr) return then(Error{ErrorKind::unreachable, kNobody});
  wire::StoreSpaces_change_state_args args;
  args.change.key = change.key;
  if (change.value) args.change.__set_value(*change.value);
  if (change.if_version) args.change.__set_if_version(to_wire(*change.if_version));
  ask(*where.node, "change_state", args, deadline, std::move(then));
}

template <class Args, class Callback>
void AgreedEntries::ask(const NodeAddress& owner, const char* method, const Args& args, TimePoint deadline,
                        Callback then) const {
  const Duration timeout = std::min(parts_.options.forward_timeout, deadline - parts_.retries->now());
  if (timeout <= Duration::zero()) return then(Error{ErrorKind::local, "its time is over"});
  parts_.peers.call(owner, spaces_service_, encode_call(method, args), timeout,
                    [forwarder = parts_.forwarder, owner, then = std::move(then)](const Result<std::string>& reply) {
                      if (!reply.ok()) {
                        if (reply.error().kind == ErrorKind::refused) forwarder->report_unreachable(owner);
                        return then(Error{reply.error().kind, owner.name() + ": " + reply.error().text});
                      }
                      auto decoded = decode_reply<ReplyTo<Callback>>(reply.value());
                      if (!decoded.ok()) return then(error_of_exception(decoded.error()));
                      take_reply(then, decoded.value().success);
                    });
}

// --- here ------------------------------------------------------------------------------------------------------------

void AgreedEntries::read_here(const std::string& key, const KeyRoute& route, Then<FoundEntry> then) const {
  FoundEntry found;
  const auto read = keys_->read_now(key, route, [&](std::string_view value, Version version, std::int64_t) {
    found = {std::string(value), version};
  });
  if (!read.ok()) return then(read.error());
  if (read.value() != KeysHere::Now::later) return then(std::move(found));
  const KeyPlace place = KeyPlace::of(key);
  if (replicas_->gate().serving_term(place.partition) == 0) return then(Error{ErrorKind::unreachable, kNotServed});
  replicas_->read(place.partition, key, place.hash,
                  [then = std::move(then)](const Answer& answer) { then(found_by(answer)); });
}

void AgreedEntries::change_here(const EntryChange& change, Then<ChangedEntry> then) const {
  KeyWrite write = write_of(change);
  const Partition partition = KeyPlace::at(write.hash).partition;
  if (replicas_->gate().serving_term(partition) == 0) return then(Error{ErrorKind::unreachable, kNotServed});
  replicas_->write(partition, batch_of(std::move(write)),
                   [then = std::move(then)](const Answer& answer) { then(changed_by(answer)); });
}

// --- for other nodes' services ---------------------------------------------------------------------------------------

void AgreedEntries::add_methods(Methods& methods) {
  const auto here = [entries = shared_from_this()](const std::string& key) -> std::optional<KeyRoute> {
    const KeyRoute where = entries->route(key);
    if (!space_key_of(key) || where.where != KeyRoute::Where::here) return std::nullopt;
    return where;
  };
  const Error not_here{ErrorKind::unreachable, kNotServed};
  methods.on<wire::StoreSpaces_read_state_args, wire::StoreSpaces_read_state_presult>(
      "read_state", [entries = shared_from_this(), here, not_here](auto& args, auto answer) {
        const auto where = here(args.key);
        if (!where) return answer(reply_of(not_here));
        const auto kept = std::make_shared<decltype(answer)>(std::move(answer));
        entries->read_here(args.key, *where, [kept](const Result<FoundEntry>& read) { (*kept)(reply_of(read)); });
      });
  methods.on<wire::StoreSpaces_change_state_args, wire::StoreSpaces_change_state_presult>(
      "change_state", [entries = shared_from_this(), here, not_here](auto& args, auto answer) {
        if (!here(args.change.key)) return answer(reply_of(not_here));
        EntryChange change{.key = args.change.key};
        if (args.change.__isset.value) change.value = std::move(args.change.value);
        if (args.change.__isset.if_version) change.if_version = from_wire(args.change.if_version);
        const auto kept = std::make_shared<decltype(answer)>(std::move(answer));
        entries->change_here(change, [kept](const Result<ChangedEntry>& changed) { (*kept)(reply_of(changed)); });
      });
}

}  // namespace p2p::diststore::agreed
