// get, put, read, write, erase: one key each. Answered on the I/O thread when the key is ours, passed on otherwise.
#include "serving/store.h"

#include <Store.h>

namespace p2p::diststore {
namespace {

void answer_missing(Call call, const std::string&) {
  Answer<wire::Store_get_presult> answer(std::move(call));
  answer(std::string());
}
void let_go(Call, const std::string&) {}  // the caller of a oneway put hears nothing; the router has logged it

constexpr CallKind kGet{true, answer_missing};
constexpr CallKind kPut{true, let_go};
constexpr CallKind kRead{true, raise_unavailable<wire::Store_read_presult>};
// A write that timed out may have been executed; executing it again stores the same value with a later version.
constexpr CallKind kWrite{true, raise_unavailable<wire::Store_write_presult>};
// An erase that was executed would answer "not found" the second time.
constexpr CallKind kErase{false, raise_unavailable<wire::Store_erase_presult>};

void get(Store& store, wire::Store_get_args& args, Answer<wire::Store_get_presult> answer) {
  const Owner owner = store.locator->view().owner_of(args.key);
  wire::ReadResult result;
  if (owner.is_self && store.local->read(args.key, result)) {
    answer(result.value);
    return;
  }
  store.router->pass_on(owner, answer.release(), kGet);
}

void put(Store& store, wire::Store_put_args& args, Call call) {
  if (const auto refusal = store.local->refusal(args.key, args.value)) {
    store.router->log_failure("put", refusal->message);
    return;
  }
  const Owner owner = store.locator->view().owner_of(args.key);
  wire::WriteResult ignored;
  if (owner.is_self && store.local->write(args.key, args.value, ignored)) return;
  store.router->pass_on(owner, std::move(call), kPut);
}

void read(Store& store, wire::Store_read_args& args, Answer<wire::Store_read_presult> answer) {
  if (const auto refusal = store.local->refusal(args.key)) return raise(answer, *refusal);
  const RingView& view = store.locator->view();
  const Owner owner = view.owner_of(args.key);
  wire::ReadResult result;
  if (owner.is_self && store.local->read(args.key, result)) {
    result.__set_view(fingerprint_of(view));
    answer(result);
    return;
  }
  store.router->pass_on(owner, answer.release(), kRead);
}

void write(Store& store, wire::Store_write_args& args, Answer<wire::Store_write_presult> answer) {
  if (const auto refusal = store.local->refusal(args.key, args.value)) return raise(answer, *refusal);
  const RingView& view = store.locator->view();
  const Owner owner = view.owner_of(args.key);
  wire::WriteResult result;
  if (owner.is_self && store.local->write(args.key, args.value, result)) {
    result.__set_view(fingerprint_of(view));
    answer(result);
    return;
  }
  store.router->pass_on(owner, answer.release(), kWrite);
}

void erase(Store& store, wire::Store_erase_args& args, Answer<wire::Store_erase_presult> answer) {
  if (const auto refusal = store.local->refusal(args.key)) return raise(answer, *refusal);
  const RingView& view = store.locator->view();
  const Owner owner = view.owner_of(args.key);
  wire::EraseResult result;
  if (owner.is_self && store.local->erase(args.key, result)) {
    result.__set_view(fingerprint_of(view));
    answer(result);
    return;
  }
  store.router->pass_on(owner, answer.release(), kErase);
}

}  // namespace

void add_single_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.on<wire::Store_get_args, wire::Store_get_presult>(
      "get", [store](auto& args, auto answer) { get(*store, args, std::move(answer)); });
  methods.on_oneway<wire::Store_put_args>("put",
                                          [store](auto& args, Call call) { put(*store, args, std::move(call)); });
  methods.on<wire::Store_read_args, wire::Store_read_presult>(
      "read", [store](auto& args, auto answer) { read(*store, args, std::move(answer)); });
  methods.on<wire::Store_write_args, wire::Store_write_presult>(
      "write", [store](auto& args, auto answer) { write(*store, args, std::move(answer)); });
  methods.on<wire::Store_erase_args, wire::Store_erase_presult>(
      "erase", [store](auto& args, auto answer) { erase(*store, args, std::move(answer)); });
}

}  // namespace p2p::diststore
