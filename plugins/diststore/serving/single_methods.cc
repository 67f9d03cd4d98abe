// get, put, read, write, erase: one key each. Answered on the I/O thread when the key is ours, passed on otherwise.
#include "serving/classic_verbs.h"
#include "serving/key_messages.h"
#include "serving/puller.h"
#include "serving/puts_of_2009.h"
#include "serving/store.h"

#include <Store.h>

#include <algorithm>

namespace p2p::diststore {
namespace {

// "" would say that there is no such key, which is not known. The 2009 system's get has no error of its own.
void fail_unknown(Call call, const std::string& why) {
  const std::string_view prefix = call.has_unknown_outcome() ? kUnknownOutcomePrefix : kNotExecutedPrefix;
  call.fail(CallFault::internal_error, std::string(prefix) + "whether the key exists is not known: " + why);
}
// The caller of a oneway put hears nothing; the router has logged it. Who has passed it on to us tries again.
void let_go(Call call, const std::string& why) {
  if (call.info().hops >= kHopsMax) call.fail(CallFault::internal_error, std::string(kNotExecutedPrefix) + why);
}

constexpr CallKind kGet{Repeat::always, false, fail_unknown};
constexpr CallKind kPut{Repeat::if_closed, true, let_go};
constexpr CallKind kRead{Repeat::always, false, raise_failure<wire::Store_read_presult>};
constexpr CallKind kWrite{Repeat::if_closed, true, raise_failure<wire::Store_write_presult>};
// An erase that was executed would answer "not found" the second time.
constexpr CallKind kErase{Repeat::never, true, raise_failure<wire::Store_erase_presult>};

void settle_then_again(const std::shared_ptr<Store>& store, std::string key, Call call, const CallKind& kind) {
  call.keep();
  const auto waiting = std::make_shared<Call>(std::move(call));
  const TimePoint deadline = waiting->deadline();
  settle(store, {std::move(key)}, deadline, [store, waiting, &kind](bool is_settled) {
    if (is_settled) return waiting->dispatch_again();
    // A get may be that of a node of the 2009 system which gives to this one, passed on for somebody: it does nothing
    // else until that is answered, and cannot say that it has given all.
    if (&kind == &kGet && waiting->info().hops == 0 && is_given_by_puts(*store, *store->standing->share())) {
      return fail_unknown(std::move(*waiting), "another node is about to give it to this one");
    }
    store->router->wait(std::move(*waiting), kind, "the key has not arrived from its former owner");
  });
}

// What `owner` was asked it will not do any more: a node of the 2009 system that leaves serves nobody. It hands over
// what it holds, perhaps by the very put that it was asked for, which has come before the news of its leaving.
bool has_left(const Store& store, const Location& owner) {
  const auto& members = store.standing->read().ring->members();
  return std::find(members.begin(), members.end(), owner) == members.end();
}

// One call for one key. `act(right, call, view)` does it here with the node's right to the key, and has answered the
// call unless it was not done; `ask_classic` asks a node of the 2009 system, and `answer` answers with that one's
// result.
template <class Act, class AskClassic, class AnswerWith>
void serve_key(const std::shared_ptr<Store>& store, std::string_view key, Call call, const CallKind& kind, Act act,
               AskClassic ask_classic, AnswerWith answer) {
  const Standing& standing = store->standing->read();
  const Owner owner = standing.owner_of(key);
  if (!owner.is_self) {
    // A call that another node of ours has passed on is given back by pass_on(): whoever owns the key, it is not this
    // node.
    const bool is_passed_on = call.info().hops >= kHopsMax;
    if (owner.location == nullptr || is_passed_on || !store->classics->knows(*owner.location)) {
      return store->router->pass_on(owner, std::move(call), kind);
    }
    const Location at = *owner.location;
    if (kind.is_change && store->classics->is_checked(key)) {
      return store->router->wait(std::move(call), kind, "the key is being handed to its owner");
    }
    call.keep();
    const auto waiting = std::make_shared<Call>(std::move(call));
    ask_classic(at, waiting->deadline(),
                [store, waiting, &kind, at, view = fingerprint_of(*standing.ring), answer](auto asked) {
                  if (!asked.ok()) {
                    // Nobody would hear of a put that has come to nothing.
                    if (&kind == &kPut && has_left(*store, at)) return waiting->dispatch_again();
                    if (may_have_run(asked.error().kind)) waiting->note_unknown_outcome();
                    return store->router->failed(at, asked.error(), std::move(*waiting), kind);
                  }
                  answer(std::move(*waiting), asked.value(), view);
                });
    return;
  }
  if (!standing.is_established) return store->router->wait(std::move(call), kind, "this node has just joined");
  switch (act(standing.right_to(key), call, fingerprint_of(*standing.ring))) {
    case Outcome::done:
    case Outcome::missing:
      return;
    case Outcome::fenced:
      call.keep();
      return call.dispatch_again();
    case Outcome::unsettled:
      return settle_then_again(store, std::string(key), std::move(call), kind);
  }
}

// With the view, for the results that carry it.
template <class Presult>
constexpr auto kAnswerWithView = [](Call call, auto& result, std::int64_t view) {
  result.__set_view(view);
  Answer<Presult>{std::move(call)}(result);
};

// A node of the 2009 system that was given the key asks for it here: it does not hold it, and is not to be asked in
// turn.
bool came_back(Store& store, std::string_view key, std::string& value) {
  if (!store.classics->came_back(key)) return false;
  if (auto held = store.local->engine().copy(key)) value = std::move(held->value);
  return true;
}

void get(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const std::string_view key = arguments->key;
  if (std::string value; came_back(*store, key, value)) {
    write_text(call, value);
    return send(std::move(call));
  }
  serve_key(
      store, key, std::move(call), kGet,
      [&](Right right, Call& here, std::int64_t) {
        const Outcome outcome =
            store->local->engine().read(key, right, [&](std::string_view value, Version) { write_text(here, value); });
        if (outcome == Outcome::missing) write_text(here, {});
        if (outcome == Outcome::done || outcome == Outcome::missing) send(std::move(here));
        return outcome;
      },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_read(store, owner, std::string(key), deadline, std::move(done));
      },
      [](Call waiting, auto& result, std::int64_t) {
        Answer<wire::Store_get_presult>{std::move(waiting)}(result.value);
      });
}

// A put that must not wait for the owner of its key, nor be passed on to it: kept here, and handed over like a key.
bool is_kept(Store& store, const Standing& standing, std::string_view key, std::string_view value, bool is_passed_on) {
  KeptPuts& kept = *store.kept_puts;
  const bool is_at_rest = standing.is_established && standing.gains.empty() && standing.leavers.empty();
  if (is_at_rest && !kept.keeps_all()) return false;
  const Owner owner = standing.owner_of(key);
  if (owner.is_self) {
    // Every call for the key waits until this node may own it; what is overwritten by then is older.
    return !standing.is_established && !value.empty() && kept.keep(*store.local, key, value, standing.era, kUnsettled);
  }
  if (is_passed_on) return false;
  if (kept.keeps_all()) return kept.keep(*store.local, key, value, standing.era, kUnsettled);
  if (value.empty() || (owner.location != nullptr && store.classics->knows(*owner.location))) return false;
  if (may_come_by_put(store, standing, key)) return kept.keep(*store.local, key, value, standing.era, kSettled);
  const bool is_kept_too = !standing.is_established || may_get_puts_for_others(store, standing);
  return is_kept_too && kept.keep(*store.local, key, value, standing.era, kUnsettled);
}

// Whatever a message can hold is taken: a node of the 2009 system hands over its keys by this call, like any client,
// and deletes them when it has written it (docs/decisions/0018).
void put(const std::shared_ptr<Store>& store, Call call) {
  call.state()->expect_no_reply();
  // Without a value it leaves nothing to be found, as in the 2009 system.
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const auto [key, value] = *arguments;
  const auto standing = store->standing->share();
  // A node that stays gives "" for what it was asked for in vain, perhaps while that was on its way to it; a client's
  // is not told from that.
  if (value.empty() && is_given_by_puts(*store, *standing)) return;
  if (is_kept(*store, *standing, key, value, call.info().hops > 0)) return;
  serve_key(
      store, key, std::move(call), kPut,
      [&](Right right, Call&, std::int64_t) {
        const Outcome outcome = store->local->put(key, value, right);
        if (outcome != Outcome::unsettled || value.empty()) return outcome;
        // What all other calls for the key wait for must not wait itself.
        if (may_come_by_put(*store, *standing, key)) return store->local->put(key, value, {right.era, kNeverSettled});
        if (!may_get_puts_for_others(*store, *standing)) return outcome;
        const bool is_kept = store->kept_puts->keep(*store->local, key, value, right.era, kUnsettled);
        return is_kept ? Outcome::done : outcome;
      },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_put(store, owner, std::string(key), std::string(value), deadline, std::move(done));
      },
      [](Call, auto&, std::int64_t) {});
}

void read(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const std::string_view key = arguments->key;
  serve_key(
      store, key, std::move(call), kRead,
      [&](Right right, Call& here, std::int64_t view) {
        const Outcome outcome = store->local->engine().read(
            key, right, [&](std::string_view value, Version version) { write_found(here, value, version, view); });
        if (outcome == Outcome::missing) write_missing(here, view);
        if (outcome == Outcome::done || outcome == Outcome::missing) send(std::move(here));
        return outcome;
      },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_read(store, owner, std::string(key), deadline, std::move(done));
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
      [&](Right right, Call& here, std::int64_t view) {
        Version version;
        const Outcome outcome = store->local->write(key, value, right, version);
        if (outcome == Outcome::done) {
          write_stored(here, version, view);
          send(std::move(here));
        }
        return outcome;
      },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_write(store, owner, std::string(key), std::string(value), deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_write_presult>);
}

void erase(const std::shared_ptr<Store>& store, wire::Store_erase_args& args,
           Answer<wire::Store_erase_presult> answer) {
  serve_key(
      store, args.key, answer.release(), kErase,
      [&](Right right, Call& here, std::int64_t view) {
        wire::EraseResult result;
        const Outcome outcome = store->local->erase(args.key, right, result);
        if (outcome == Outcome::done || outcome == Outcome::missing)
          kAnswerWithView<wire::Store_erase_presult>(std::move(here), result, view);
        return outcome;
      },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_erase(store, owner, args.key, deadline, std::move(done));
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
