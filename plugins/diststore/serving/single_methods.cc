// get, put, read, write, erase: one key each. Decoded and routed on the I/O thread; done by KeysHere if the key is
// served here, forwarded otherwise.
#include "serving/key_messages.h"
#include "serving/key_method.h"
#include "serving/refusals.h"
#include "serving/store.h"

#include <Store.h>

namespace p2p::diststore {
namespace {

// "" would mean that there is no such key, which is not known. The 2009 system's get declares no error.
void fail_unknown(Call call, const std::string& why) {
  const std::string_view prefix = call.has_unknown_outcome() ? kUnknownOutcomePrefix : kNotExecutedPrefix;
  call.fail(CallFault::internal_error, std::string(prefix) + "whether the key exists is not known: " + why);
}
// The caller of a oneway put gets no answer; the router has logged it. A node that forwarded it to us retries it.
void let_go(Call call, const std::string& why) {
  if (call.info().hops >= kHopsMax) call.fail(CallFault::internal_error, std::string(kNotExecutedPrefix) + why);
}

void answer_get(Call& call, const KeyAnswer& answer) { write_text(call, answer.value); }
void answer_read(Call& call, const KeyAnswer& answer) {
  if (!answer.found) return write_missing(call, answer.view, answer.stale_ms_max);
  write_found(call, answer.value, answer.version, answer.view, answer.ttl_left_ms, answer.stale_ms_max);
}
void answer_write(Call& call, const KeyAnswer& answer) { write_stored(call, answer.version, answer.view); }
void answer_erase(Call& call, const KeyAnswer& answer) {
  write_erased(call, answer.found, answer.version, answer.view);
}

template <class Presult>
void raise_error(Call call, const wire::StoreError& error) {
  Answer<Presult> answer(std::move(call));
  raise(answer, error);
}

constexpr KeyMethod kGet{{Repeat::always, fail_unknown}, answer_get, nullptr};
constexpr KeyMethod kRead{{Repeat::always, raise_failure<wire::Store_read_presult>}, answer_read, nullptr};
// An erase that was executed would answer "not found" the second time.
constexpr KeyMethod kErase{
    {Repeat::never, raise_failure<wire::Store_erase_presult>}, answer_erase, raise_error<wire::Store_erase_presult>};

template <Repeat repeat>
constexpr KeyMethod kPut{{repeat, let_go}, nullptr, nullptr};
template <Repeat repeat>
constexpr KeyMethod kWrite{
    {repeat, raise_failure<wire::Store_write_presult>}, answer_write, raise_error<wire::Store_write_presult>};

const KeyMethod& put_method(const Store& store) {
  return store.keys->repeats_writes() ? kPut<Repeat::if_closed> : kPut<Repeat::never>;
}
const KeyMethod& write_method(const Store& store) {
  return store.keys->repeats_writes() ? kWrite<Repeat::if_closed> : kWrite<Repeat::never>;
}

// Before the call is sent anywhere: a node of an earlier version would ignore the condition, or the time to live. True:
// it was refused.
bool is_refused(const Store& store, const KeyChange& change, Call& call, const KeyMethod& method) {
  std::string_view why;
  if (change.condition.kind != replication::Condition::Kind::none) why = store.keys->refusal_of_conditions();
  if (why.empty() && change.ttl_ms != 0) why = store.keys->refusal_of_ttl();
  if (why.empty()) return false;
  method.raise(std::move(call), store_error(wire::StoreErrorKind::unsupported, std::string(why)));
  return true;
}

// `ask(foreign store, owner, deadline, done)` asks the owner, and `answer` answers with its result.
template <class Ask, class AnswerWith>
void ask_foreign(const std::shared_ptr<Store>& store, const KeyRoute& route, Call call, const CallKind& kind, Ask& ask,
                 AnswerWith answer) {
  const NodeAddress owner = *route.node;
  call.keep();
  const auto waiting = std::make_shared<Call>(std::move(call));
  ask(*route.foreign, owner, waiting->deadline(),
      [store, waiting, &kind, owner, view = route.view, answer](auto asked) {
        if (asked.ok()) return answer(std::move(*waiting), asked.value(), view);
        if (may_have_run(asked.error().kind)) waiting->note_unknown_outcome();
        store->forwarder->failed(owner, asked.error(), std::move(*waiting), kind);
      });
}

// One call for one key: `serve(route, call)` serves it here, `ask` and `answer` at a foreign node; see above.
template <class Serve, class Ask, class AnswerWith>
void serve_key(const std::shared_ptr<Store>& store, std::string_view key, Call call, const CallKind& kind, Serve serve,
               Ask ask, AnswerWith answer) {
  const KeyRoute route = store->routing->route(key);
  switch (route.where) {
    case KeyRoute::Where::here:
      return serve(route, std::move(call));
    case KeyRoute::Where::foreign:
      // A call that another node of ours forwarded is returned to it: whichever node owns the key, it is not this one.
      if (call.info().hops < kHopsMax) return ask_foreign(store, route, std::move(call), kind, ask, answer);
      [[fallthrough]];
    case KeyRoute::Where::peer:
    case KeyRoute::Where::nobody:
      return store->forwarder->pass_on({route.node, false}, std::move(call), kind);
    case KeyRoute::Where::wait:
      return store->forwarder->wait(std::move(call), kind, std::string(route.why));
  }
}

// With the view, for the results that carry it.
template <class Presult>
constexpr auto kAnswerWithView = [](Call call, auto& result, std::int64_t view) {
  result.__set_view(view);
  Answer<Presult>{std::move(call)}(result);
};

void get(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const std::string_view key = arguments->key;
  if (const auto refusal = refusal_of_key(store->options, key))
    return call.fail(CallFault::protocol_error, refusal->message);
  if (store->routing->takes_get(key, call, kGet)) return;
  serve_key(
      store, key, std::move(call), kGet,
      [&](const KeyRoute& route, Call here) { store->keys->read(key, route, std::move(here), kGet); },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.read(owner, std::string(key), deadline, std::move(done));
      },
      [](Call waiting, auto& result, std::int64_t) {
        Answer<wire::Store_get_presult>{std::move(waiting)}(result.value);
      });
}

// Accepts whatever a message can hold: foreign nodes hand over their keys by this call, like any client, and delete
// them when they have written it (docs/decisions/0018). Without a value it leaves nothing to be found.
void put(const std::shared_ptr<Store>& store, Call call) {
  call.state()->expect_no_reply();
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const KeyChange change{KeyChange::Kind::put, arguments->key, arguments->value};
  if (const auto refusal = refusal_of_key(store->options, change.key))
    return store->forwarder->log_failure(call.info(), refusal->message);
  if (store->routing->takes_put(change.key, change.value, call.info())) return;
  const KeyMethod& method = put_method(*store);
  serve_key(
      store, change.key, std::move(call), method,
      [&](const KeyRoute& route, Call here) { store->keys->change(change, route, std::move(here), method); },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.put(owner, std::string(change.key), std::string(change.value), deadline, std::move(done));
      },
      [](Call, auto&, std::int64_t) {});
}

void read_at_owner(const std::shared_ptr<Store>& store, std::string_view key, Call call) {
  serve_key(
      store, key, std::move(call), kRead,
      [&](const KeyRoute& route, Call here) { store->keys->read(key, route, std::move(here), kRead); },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.read(owner, std::string(key), deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_read_presult>);
}

// Answers from a copy here, or asks a node that has one. False: the call is unchanged, and the owner is to be asked.
bool takes_any_copy(const std::shared_ptr<Store>& store, std::string_view key, Call& call) {
  const KeyRoute route = store->routing->route(key);
  if (route.where == KeyRoute::Where::here) return false;
  const auto read = store->keys->read_copy(
      key, [&](std::string_view value, Version version, std::int64_t ttl_left_ms, std::int64_t stale_ms_max) {
        kRead.write_answer(call, {.found = true,
                                  .value = value,
                                  .version = version,
                                  .view = route.view,
                                  .ttl_left_ms = ttl_left_ms,
                                  .stale_ms_max = stale_ms_max});
      });
  if (read.now != KeysHere::Now::later) {
    if (read.now == KeysHere::Now::missing)
      kRead.write_answer(call, {.view = route.view, .stale_ms_max = read.stale_ms_max});
    send(std::move(call));
    return true;
  }
  if (call.info().hops >= kHopsMax) return false;
  const auto copy = store->routing->another_copy(key);
  const Duration timeout = store->forwarder->time_for_peer(call.deadline(), kRead.repeat);
  if (!copy || timeout <= Duration::zero()) return false;
  // It may not be able to show the key, or not be there: then the owner is asked, at once.
  call.forward(*copy, timeout, [store, to = *copy, key = std::string(key)](const Error& error, Call returned) {
    if (error.kind == ErrorKind::refused) store->forwarder->report_unreachable(to);
    read_at_owner(store, key, std::move(returned));
  });
  return true;
}

void read(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const std::string_view key = arguments->key;
  if (const auto refusal = refusal_of_key(store->options, key))
    return raise_error<wire::Store_read_presult>(std::move(call), *refusal);
  if (arguments->any_copy && takes_any_copy(store, key, call)) return;
  read_at_owner(store, key, std::move(call));
}

void write(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key_and_value);
  if (!arguments) return;
  const KeyChange change{KeyChange::Kind::write, arguments->key,       arguments->value,   arguments->condition,
                         arguments->ttl_ms,      arguments->operation, arguments->is_again};
  const KeyMethod& method = write_method(*store);
  if (const auto refusal = refusal_of_entry(store->options, change.key, change.value))
    return method.raise(std::move(call), *refusal);
  if (is_refused(*store, change, call, method)) return;
  serve_key(
      store, change.key, std::move(call), method,
      [&](const KeyRoute& route, Call here) { store->keys->change(change, route, std::move(here), method); },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.write(owner, std::string(change.key), std::string(change.value), deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_write_presult>);
}

void erase(const std::shared_ptr<Store>& store, wire::Store_erase_args& args,
           Answer<wire::Store_erase_presult> answer) {
  const auto condition = condition_of(args.options);
  if (!condition) return answer.fail(CallFault::protocol_error, kTwoConditions);
  if (args.options.__isset.ttl_ms) return raise(answer, store_error(wire::StoreErrorKind::unsupported, kErasedForEver));
  const KeyChange change{.kind = KeyChange::Kind::erase,
                         .key = args.key,
                         .condition = *condition,
                         .operation = operation_of(args.options),
                         .is_again = args.options.operation.again};
  if (const auto refusal = refusal_of_key(store->options, change.key)) return raise(answer, *refusal);
  Call call = answer.release();
  if (is_refused(*store, change, call, kErase)) return;
  serve_key(
      store, args.key, std::move(call), kErase,
      [&](const KeyRoute& route, Call here) { store->keys->change(change, route, std::move(here), kErase); },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.erase(owner, args.key, deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_erase_presult>);
}

}  // namespace

void add_single_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.set("get", [store](Call call) { get(store, std::move(call)); });
  methods.set("put", [store](Call call) { put(store, std::move(call)); });
  methods.set("read", [store](Call call) { read(store, std::move(call)); });
  methods.set("write", [store](Call call) { write(store, std::move(call)); });
  methods.on<wire::Store_erase_args, wire::Store_erase_presult>(
      "erase", [store](auto& args, auto answer) { erase(store, args, std::move(answer)); });
}

}  // namespace p2p::diststore
