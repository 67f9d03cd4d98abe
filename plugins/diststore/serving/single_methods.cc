// get, put, read, write, erase: one key each. Answered on the I/O thread if the key is ours, forwarded otherwise.
#include "serving/key_messages.h"
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

constexpr CallKind kGet{Repeat::always, fail_unknown};
constexpr CallKind kPut{Repeat::if_closed, let_go};
constexpr CallKind kRead{Repeat::always, raise_failure<wire::Store_read_presult>};
constexpr CallKind kWrite{Repeat::if_closed, raise_failure<wire::Store_write_presult>};
// An erase that was executed would answer "not found" the second time.
constexpr CallKind kErase{Repeat::never, raise_failure<wire::Store_erase_presult>};

void fetch_then_again(const std::shared_ptr<Store>& store, std::string key, Call call, const CallKind& kind) {
  call.keep();
  const auto waiting = std::make_shared<Call>(std::move(call));
  const TimePoint deadline = waiting->deadline();
  store->routing->fetch({std::move(key)}, deadline, [store, waiting, &kind](bool is_confirmed) {
    if (is_confirmed) return waiting->dispatch_again();
    const std::string_view refusal = store->routing->refusal_to_wait(waiting->info());
    if (!refusal.empty()) return kind.give_up(std::move(*waiting), std::string(refusal));
    store->forwarder->wait(std::move(*waiting), kind, "the key has not arrived from its former owner");
  });
}

// `act(proof, call, view)` answers the call here unless it was refused.
template <class Act>
void serve_here(const std::shared_ptr<Store>& store, std::string_view key, const KeyRoute& route, Call call,
                const CallKind& kind, Act& act) {
  const Result<Outcome> outcome = act(route.proof, call, route.view);
  if (!outcome.ok()) return give_up_here(*store->forwarder, outcome.error(), std::move(call), kind);
  switch (outcome.value()) {
    case Outcome::done:
    case Outcome::missing:
    case Outcome::kept:
      return;
    case Outcome::fenced:
      call.keep();
      return call.dispatch_again();
    case Outcome::unconfirmed:
      return fetch_then_again(store, std::string(key), std::move(call), kind);
  }
}

// `ask(foreign store, owner, deadline, done)` asks the owner, and `answer` answers with its result.
template <class Ask, class AnswerWith>
void ask_foreign(const std::shared_ptr<Store>& store, const KeyRoute& route, Call call, const CallKind& kind, Ask& ask,
                 AnswerWith answer) {
  const NodeAddress owner = *route.node;
  call.keep();
  const auto waiting = std::make_shared<Call>(std::move(call));
  ask(store->routing->foreign_store(), owner, waiting->deadline(),
      [store, waiting, &kind, owner, view = route.view, answer](auto asked) {
        if (asked.ok()) return answer(std::move(*waiting), asked.value(), view);
        if (may_have_run(asked.error().kind)) waiting->note_unknown_outcome();
        store->forwarder->failed(owner, asked.error(), std::move(*waiting), kind);
      });
}

// One call for one key: `act` does it here, `ask` and `answer` at a foreign node; see above.
template <class Act, class Ask, class AnswerWith>
void serve_key(const std::shared_ptr<Store>& store, std::string_view key, Call call, const CallKind& kind, Act act,
               Ask ask, AnswerWith answer) {
  const KeyRoute route = store->routing->route(key);
  switch (route.where) {
    case KeyRoute::Where::here:
      return serve_here(store, key, route, std::move(call), kind, act);
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

bool has_answered(const Result<Outcome>& outcome) {
  return outcome.ok() && (outcome.value() == Outcome::done || outcome.value() == Outcome::missing);
}

// Without an ownership check.
void get_what_lies_here(const Store& store, std::string_view key, Call call) {
  const auto stored = store.local->engine().copy(key);
  if (!stored.ok()) return give_up_here(*store.forwarder, stored.error(), std::move(call), kGet);
  write_text(call, stored.value() ? std::string_view(stored.value()->value) : std::string_view());
  send(std::move(call));
}

void get(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const std::string_view key = arguments->key;
  if (store->routing->answers_regardless(key)) return get_what_lies_here(*store, key, std::move(call));
  serve_key(
      store, key, std::move(call), kGet,
      [&](OwnershipProof proof, Call& here, std::int64_t) {
        const auto outcome =
            store->local->engine().get(key, proof, [&](std::string_view value, Version) { write_text(here, value); });
        if (!has_answered(outcome)) return outcome;
        if (outcome.value() == Outcome::missing) write_text(here, {});
        send(std::move(here));
        return outcome;
      },
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
  const auto [key, value] = *arguments;
  if (store->routing->takes_put(key, value, call.info())) return;
  serve_key(
      store, key, std::move(call), kPut,
      [&](OwnershipProof proof, Call&, std::int64_t) {
        auto outcome = store->local->put(key, value, proof);
        if (!outcome.ok() || outcome.value() != Outcome::unconfirmed) return outcome;
        return store->routing->put_unconfirmed(key, value, proof);
      },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.put(owner, std::string(key), std::string(value), deadline, std::move(done));
      },
      [](Call, auto&, std::int64_t) {});
}

void read(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const std::string_view key = arguments->key;
  serve_key(
      store, key, std::move(call), kRead,
      [&](OwnershipProof proof, Call& here, std::int64_t view) {
        const auto outcome = store->local->engine().get(
            key, proof, [&](std::string_view value, Version version) { write_found(here, value, version, view); });
        if (!has_answered(outcome)) return outcome;
        if (outcome.value() == Outcome::missing) write_missing(here, view);
        send(std::move(here));
        return outcome;
      },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.read(owner, std::string(key), deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_read_presult>);
}

void write(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key_and_value);
  if (!arguments) return;
  const auto [key, value] = *arguments;
  if (const auto refusal = store->local->refusal(key, value)) {
    Answer<wire::Store_write_presult> answer(std::move(call));
    return raise(answer, *refusal);
  }
  serve_key(
      store, key, std::move(call), kWrite,
      [&](OwnershipProof proof, Call& here, std::int64_t view) {
        Version version;
        const auto outcome = store->local->write(key, value, proof, version);
        if (has_answered(outcome)) {
          write_stored(here, version, view);
          send(std::move(here));
        }
        return outcome;
      },
      [&](ForeignStore& foreign, const NodeAddress& owner, TimePoint deadline, auto done) {
        foreign.write(owner, std::string(key), std::string(value), deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_write_presult>);
}

void erase(const std::shared_ptr<Store>& store, wire::Store_erase_args& args,
           Answer<wire::Store_erase_presult> answer) {
  serve_key(
      store, args.key, answer.release(), kErase,
      [&](OwnershipProof proof, Call& here, std::int64_t view) {
        wire::EraseResult result;
        const auto outcome = store->local->erase(args.key, proof, result);
        if (has_answered(outcome)) kAnswerWithView<wire::Store_erase_presult>(std::move(here), result, view);
        return outcome;
      },
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
