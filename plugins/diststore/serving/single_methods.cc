// get, put, read, write, erase: one key each. Answered on the I/O thread if the key is ours, forwarded otherwise.
#include "serving/classic_puts.h"
#include "serving/classic_verbs.h"
#include "serving/fetcher.h"
#include "serving/key_messages.h"
#include "serving/store.h"

#include <Store.h>

#include <algorithm>

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

// Here, what may always be repeated changes nothing.
bool is_change(const CallKind& kind) { return kind.repeat != Repeat::always; }

void confirm_then_again(const std::shared_ptr<Store>& store, std::string key, Call call, const CallKind& kind) {
  call.keep();
  const auto waiting = std::make_shared<Call>(std::move(call));
  const TimePoint deadline = waiting->deadline();
  confirm(store, {std::move(key)}, deadline, [store, waiting, &kind](bool is_confirmed) {
    if (is_confirmed) return waiting->dispatch_again();
    // A get may be forwarded by a node of the 2009 system that is giving keys to this one: it does nothing else until
    // that is answered, and cannot say that it has given all.
    if (&kind == &kGet && waiting->info().hops == 0 && is_given_by_puts(*store, *store->ownership->share())) {
      return fail_unknown(std::move(*waiting), "another node is about to give it to this one");
    }
    store->router->wait(std::move(*waiting), kind, "the key has not arrived from its former owner");
  });
}

// `owner` will not execute what it was asked: a node of the 2009 system that leaves serves nobody. It hands over what
// it holds, perhaps by the very put in question, which arrived before the news of its leaving.
bool has_left(const Store& store, const NodeAddress& owner) {
  const auto& members = store.ownership->read().ring->members();
  return std::find(members.begin(), members.end(), owner) == members.end();
}

// One call for one key. `act(right, call, view)` does it here with the ownership proof `right`, and answers the call
// unless it was refused; `ask_classic` asks a node of the 2009 system, and `answer` answers with the result from there.
template <class Act, class AskClassic, class AnswerWith>
void serve_key(const std::shared_ptr<Store>& store, std::string_view key, Call call, const CallKind& kind, Act act,
               AskClassic ask_classic, AnswerWith answer) {
  const OwnershipSnapshot& ownership = store->ownership->read();
  const Owner owner = ownership.owner_of(key);
  if (!owner.is_self) {
    // A call that another node of ours forwarded is returned by pass_on() (H28): whichever node owns the key, it is not
    // this one.
    const bool is_passed_on = call.info().hops >= kHopsMax;
    if (owner.address == nullptr || is_passed_on || !store->classics->knows(*owner.address)) {
      return store->router->pass_on(owner, std::move(call), kind);
    }
    const NodeAddress at = *owner.address;
    if (is_change(kind) && store->classics->is_checked(key)) {
      return store->router->wait(std::move(call), kind, "the key is being handed to its owner");
    }
    call.keep();
    const auto waiting = std::make_shared<Call>(std::move(call));
    ask_classic(at, waiting->deadline(),
                [store, waiting, &kind, at, view = fingerprint_of(*ownership.ring), answer](auto asked) {
                  if (!asked.ok()) {
                    // Nobody would learn of a put that was lost.
                    if (&kind == &kPut && has_left(*store, at)) return waiting->dispatch_again();
                    if (may_have_run(asked.error().kind)) waiting->note_unknown_outcome();
                    return store->router->failed(at, asked.error(), std::move(*waiting), kind);
                  }
                  answer(std::move(*waiting), asked.value(), view);
                });
    return;
  }
  // (H27)
  if (!ownership.is_established) return store->router->wait(std::move(call), kind, "this node has just joined");
  const Result<Outcome> outcome = act(ownership.proof_for(key), call, fingerprint_of(*ownership.ring));
  if (!outcome.ok()) return give_up_here(*store->router, outcome.error(), std::move(call), kind);
  switch (outcome.value()) {
    case Outcome::done:
    case Outcome::missing:
    case Outcome::kept:
      return;
    case Outcome::fenced:
      call.keep();
      return call.dispatch_again();
    case Outcome::unconfirmed:
      return confirm_then_again(store, std::string(key), std::move(call), kind);
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
  if (!stored.ok()) return give_up_here(*store.router, stored.error(), std::move(call), kGet);
  write_text(call, stored.value() ? std::string_view(stored.value()->value) : std::string_view());
  send(std::move(call));
}

void get(const std::shared_ptr<Store>& store, Call call) {
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const std::string_view key = arguments->key;
  // A node of the 2009 system that was given the key asks for it here: it does not hold it, and must not be asked in
  // turn.
  if (store->classics->came_back(key)) return get_what_lies_here(*store, key, std::move(call));
  serve_key(
      store, key, std::move(call), kGet,
      [&](OwnershipProof right, Call& here, std::int64_t) {
        const auto outcome =
            store->local->engine().get(key, right, [&](std::string_view value, Version) { write_text(here, value); });
        if (!has_answered(outcome)) return outcome;
        if (outcome.value() == Outcome::missing) write_text(here, {});
        send(std::move(here));
        return outcome;
      },
      [&](const NodeAddress& owner, TimePoint deadline, auto done) {
        classic_read(store, owner, std::string(key), deadline, std::move(done));
      },
      [](Call waiting, auto& result, std::int64_t) {
        Answer<wire::Store_get_presult>{std::move(waiting)}(result.value);
      });
}

// If the engine cannot keep it, it is handled like any other put.
bool keep_put(Store& store, std::string_view key, std::string_view value, ViewVersion view_version,
              Confirmed confirmed) {
  const auto is_kept = store.kept_puts->keep(*store.local, key, value, view_version, confirmed);
  if (!is_kept.ok()) log_engine_failure(*store.router, "keeping a put", is_kept.error());
  return is_kept.ok() && is_kept.value();
}

// A put that must neither wait for the owner of its key nor be forwarded to it: kept here, and handed over like a key.
bool is_kept(Store& store, const OwnershipSnapshot& ownership, std::string_view key, std::string_view value,
             bool is_passed_on) {
  const KeptPuts& kept = *store.kept_puts;
  const bool is_at_rest = ownership.is_established && ownership.acquired_ranges.empty() && ownership.leavers.empty();
  if (is_at_rest && !kept.keeps_all()) return false;
  const Owner owner = ownership.owner_of(key);
  if (owner.is_self) {
    // Every call for the key waits until this node may own it; what it overwrites then is older.
    return !ownership.is_established && !value.empty() &&
           keep_put(store, key, value, ownership.view_version, kUnconfirmed);
  }
  if (is_passed_on) return false;
  if (kept.keeps_all()) return keep_put(store, key, value, ownership.view_version, kUnconfirmed);
  if (value.empty() || (owner.address != nullptr && store.classics->knows(*owner.address))) return false;
  if (comes_by_put(store, ownership, key)) return keep_put(store, key, value, ownership.view_version, kConfirmed);
  const bool is_kept_too = !ownership.is_established || may_get_puts_for_others(store, ownership);
  return is_kept_too && keep_put(store, key, value, ownership.view_version, kUnconfirmed);
}

// Accepts whatever a message can hold: a node of the 2009 system hands over its keys by this call, like any client, and
// deletes them when it has written it (docs/decisions/0018).
void put(const std::shared_ptr<Store>& store, Call call) {
  call.state()->expect_no_reply();
  // Without a value it leaves nothing to be found, as in the 2009 system.
  const auto arguments = take_key_arguments(call, Required::key);
  if (!arguments) return;
  const auto [key, value] = *arguments;
  const auto ownership = store->ownership->share();
  // A node that stays gives "" for a key it was asked for in vain, perhaps while that was on its way to it; a client's
  // "" looks the same.
  if (value.empty() && is_given_by_puts(*store, *ownership)) return;
  if (is_kept(*store, *ownership, key, value, call.info().hops > 0)) return;
  serve_key(
      store, key, std::move(call), kPut,
      [&](OwnershipProof right, Call&, std::int64_t) {
        const auto outcome = store->local->put(key, value, right);
        if (!outcome.ok() || outcome.value() != Outcome::unconfirmed || value.empty()) return outcome;
        // The put that all other calls for the key wait for must not wait itself.
        if (comes_by_put(*store, *ownership, key))
          return store->local->put(key, value, {right.view_version, kNeverConfirmed});
        if (!may_get_puts_for_others(*store, *ownership)) return outcome;
        return keep_put(*store, key, value, right.view_version, kUnconfirmed) ? Outcome::done : outcome;
      },
      [&](const NodeAddress& owner, TimePoint deadline, auto done) {
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
      [&](OwnershipProof right, Call& here, std::int64_t view) {
        const auto outcome = store->local->engine().get(
            key, right, [&](std::string_view value, Version version) { write_found(here, value, version, view); });
        if (!has_answered(outcome)) return outcome;
        if (outcome.value() == Outcome::missing) write_missing(here, view);
        send(std::move(here));
        return outcome;
      },
      [&](const NodeAddress& owner, TimePoint deadline, auto done) {
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
      [&](OwnershipProof right, Call& here, std::int64_t view) {
        Version version;
        const auto outcome = store->local->write(key, value, right, version);
        if (has_answered(outcome)) {
          write_stored(here, version, view);
          send(std::move(here));
        }
        return outcome;
      },
      [&](const NodeAddress& owner, TimePoint deadline, auto done) {
        classic_write(store, owner, std::string(key), std::string(value), deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_write_presult>);
}

void erase(const std::shared_ptr<Store>& store, wire::Store_erase_args& args,
           Answer<wire::Store_erase_presult> answer) {
  serve_key(
      store, args.key, answer.release(), kErase,
      [&](OwnershipProof right, Call& here, std::int64_t view) {
        wire::EraseResult result;
        const auto outcome = store->local->erase(args.key, right, result);
        if (has_answered(outcome)) kAnswerWithView<wire::Store_erase_presult>(std::move(here), result, view);
        return outcome;
      },
      [&](const NodeAddress& owner, TimePoint deadline, auto done) {
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
