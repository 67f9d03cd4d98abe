// get, put, read, write, erase: one key each. Answered on the I/O thread when the key is ours, passed on otherwise.
#include "serving/classic_verbs.h"
#include "serving/puller.h"
#include "serving/store.h"

#include <Store.h>

namespace p2p::diststore {
namespace {

void answer_missing(Call call, const std::string&) {
  Answer<wire::Store_get_presult> answer(std::move(call));
  answer(std::string());
}
void let_go(Call, const std::string&) {}  // the caller of a oneway put hears nothing; the router has logged it

constexpr CallKind kGet{true, false, answer_missing};
constexpr CallKind kPut{true, true, let_go};
constexpr CallKind kRead{true, false, raise_unavailable<wire::Store_read_presult>};
// A write that timed out may have been executed; executing it again stores the same value with a later version.
constexpr CallKind kWrite{true, true, raise_unavailable<wire::Store_write_presult>};
// An erase that was executed would answer "not found" the second time.
constexpr CallKind kErase{false, true, raise_unavailable<wire::Store_erase_presult>};

void settle_then_again(const std::shared_ptr<Store>& store, std::string key, Call call, const CallKind& kind) {
  call.keep();
  const auto waiting = std::make_shared<Call>(std::move(call));
  settle(store, {std::move(key)}, [router = store->router, waiting, &kind](bool is_settled) {
    if (is_settled) return waiting->dispatch_again();
    router->wait(std::move(*waiting), kind, "the key has not arrived from its former owner");
  });
}

// One call for one key. `act` does it here with the node's right to the key, `ask_classic` at a node of the 2009
// system, and `answer` answers the call with the result of either.
template <class Result, class Act, class AskClassic, class AnswerWith>
void serve_key(const std::shared_ptr<Store>& store, const std::string& key, Call call, const CallKind& kind, Act act,
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
    if (kind.is_change && store->classics->is_checked(key)) {
      return store->router->wait(std::move(call), kind, "the key is being handed to its owner");
    }
    call.keep();
    const auto waiting = std::make_shared<Call>(std::move(call));
    ask_classic(
        *owner.location, waiting->deadline(),
        [store, waiting, &kind, at = *owner.location, view = fingerprint_of(*standing.ring), answer](auto asked) {
          if (!asked.ok()) return store->router->failed(at, asked.error(), std::move(*waiting), kind);
          answer(std::move(*waiting), asked.value(), view);
        });
    return;
  }
  if (!standing.is_established) return store->router->wait(std::move(call), kind, "this node has just joined");
  Result result;
  switch (act(standing.right_to(key), result)) {
    case Outcome::done:
    case Outcome::missing:
      return answer(std::move(call), result, fingerprint_of(*standing.ring));
    case Outcome::fenced:
      call.keep();
      return call.dispatch_again();
    case Outcome::unsettled:
      return settle_then_again(store, key, std::move(call), kind);
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
bool came_back(Store& store, const std::string& key, std::string& value) {
  if (!store.classics->came_back(key)) return false;
  if (auto held = store.local->engine().copy(key)) value = std::move(held->value);
  return true;
}

void get(const std::shared_ptr<Store>& store, wire::Store_get_args& args, Answer<wire::Store_get_presult> answer) {
  if (std::string value; came_back(*store, args.key, value)) return answer(value);
  serve_key<wire::ReadResult>(
      store, args.key, answer.release(), kGet,
      [&](Right right, auto& result) { return store->local->read(args.key, right, result); },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_read(store, owner, args.key, deadline, std::move(done));
      },
      [](Call call, auto& result, std::int64_t) { Answer<wire::Store_get_presult>{std::move(call)}(result.value); });
}

void put(const std::shared_ptr<Store>& store, wire::Store_put_args& args, Call call) {
  if (const auto refusal = store->local->refusal(args.key, args.value)) {
    store->router->log_failure("put", refusal->message);
    return;
  }
  serve_key<wire::WriteResult>(
      store, args.key, std::move(call), kPut,
      [&](Right right, auto& result) { return store->local->write(args.key, args.value, right, result); },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_write(store, owner, args.key, args.value, deadline, std::move(done));
      },
      [](Call, auto&, std::int64_t) {});
}

void read(const std::shared_ptr<Store>& store, wire::Store_read_args& args, Answer<wire::Store_read_presult> answer) {
  if (const auto refusal = store->local->refusal(args.key)) return raise(answer, *refusal);
  serve_key<wire::ReadResult>(
      store, args.key, answer.release(), kRead,
      [&](Right right, auto& result) { return store->local->read(args.key, right, result); },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_read(store, owner, args.key, deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_read_presult>);
}

void write(const std::shared_ptr<Store>& store, wire::Store_write_args& args,
           Answer<wire::Store_write_presult> answer) {
  if (const auto refusal = store->local->refusal(args.key, args.value)) return raise(answer, *refusal);
  serve_key<wire::WriteResult>(
      store, args.key, answer.release(), kWrite,
      [&](Right right, auto& result) { return store->local->write(args.key, args.value, right, result); },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_write(store, owner, args.key, args.value, deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_write_presult>);
}

void erase(const std::shared_ptr<Store>& store, wire::Store_erase_args& args,
           Answer<wire::Store_erase_presult> answer) {
  if (const auto refusal = store->local->refusal(args.key)) return raise(answer, *refusal);
  serve_key<wire::EraseResult>(
      store, args.key, answer.release(), kErase,
      [&](Right right, auto& result) { return store->local->erase(args.key, right, result); },
      [&](const Location& owner, TimePoint deadline, auto done) {
        classic_erase(store, owner, args.key, deadline, std::move(done));
      },
      kAnswerWithView<wire::Store_erase_presult>);
}

}  // namespace

void add_single_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.on<wire::Store_get_args, wire::Store_get_presult>(
      "get", [store](auto& args, auto answer) { get(store, args, std::move(answer)); });
  methods.on_oneway<wire::Store_put_args>("put", [store](auto& args, Call call) { put(store, args, std::move(call)); });
  methods.on<wire::Store_read_args, wire::Store_read_presult>(
      "read", [store](auto& args, auto answer) { read(store, args, std::move(answer)); });
  methods.on<wire::Store_write_args, wire::Store_write_presult>(
      "write", [store](auto& args, auto answer) { write(store, args, std::move(answer)); });
  methods.on<wire::Store_erase_args, wire::Store_erase_presult>(
      "erase", [store](auto& args, auto answer) { erase(store, args, std::move(answer)); });
}

}  // namespace p2p::diststore
