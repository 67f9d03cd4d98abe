#include "classic/classic_keys.h"

#include "classic/classic_puts.h"
#include "classic/fetcher.h"

#include <p2p/assert.h>

#include <vector>

#include <type_traits>

namespace p2p::diststore {
namespace {

bool has_answered(const Result<Outcome>& outcome) {
  return outcome.ok() && (outcome.value() == Outcome::done || outcome.value() == Outcome::missing);
}

Result<Outcome> do_one(LocalStore& local, const std::string& key, OwnershipProof proof, wire::ReadResult& result) {
  return local.read(key, proof, result);
}
Result<Outcome> do_one(LocalStore& local, wire::Item& item, OwnershipProof proof, wire::WriteResult& result) {
  return local.write(item.key, item.value, proof, result);
}
Result<Outcome> do_one(LocalStore& local, const std::string& key, OwnershipProof proof, wire::EraseResult& result) {
  return local.erase(key, proof, result);
}

// Why this call must not wait for a key that is still to come; empty: it may. A get may be forwarded by a node of the
// 2009 system that is giving keys to this one: it does nothing else until that is answered, and cannot say that it has
// given all.
std::string_view refusal_to_wait(const ClassicStore& store, const CallInfo& call) {
  if (call.method != "get" || call.hops > 0 || !is_given_by_puts(store, *store.ownership->share())) return {};
  return "another node is about to give it to this one";
}

template <class Verb>
void note(const KeyCounts& counts, bool is_done) noexcept {
  if constexpr (std::is_same_v<Verb, ReadMany>) {
    counts.note_read(is_done);
  } else {
    counts.note_change(is_done);
  }
}

}  // namespace

// --- one key ---------------------------------------------------------------------------------------------------------

void ClassicKeys::read(std::string_view key, const KeyRoute& route, Call call, const KeyMethod& method) {
  const auto outcome =
      store_->local->engine().get(key, route.proof, [&](std::string_view value, Version version, WallMs) {
        method.write_answer(call, {.found = true, .value = value, .version = version, .view = route.view});
      });
  if (!has_answered(outcome)) return not_served(outcome, key, std::move(call), method);
  store_->counts.note_read(outcome.value() == Outcome::done);
  if (outcome.value() == Outcome::missing) method.write_answer(call, {.view = route.view});
  send(std::move(call));
}

void ClassicKeys::change(const KeyChange& change, const KeyRoute& route, Call call, const KeyMethod& method) {
  Version version;
  const auto outcome = apply(change, route.proof, version);
  if (!has_answered(outcome)) return not_served(outcome, change.key, std::move(call), method);
  const bool is_done = outcome.value() == Outcome::done;
  store_->counts.note_change(is_done);
  answer_with(std::move(call), method, {.found = is_done, .version = version, .view = route.view});
}

Result<Outcome> ClassicKeys::apply(const KeyChange& change, OwnershipProof proof, Version& version) {
  switch (change.kind) {
    case KeyChange::Kind::write:
      return store_->local->write(change.key, change.value, proof, version);
    case KeyChange::Kind::erase:
      return store_->local->erase(change.key, proof, version);
    case KeyChange::Kind::put: {
      auto outcome = store_->local->put(change.key, change.value, proof);
      if (!outcome.ok() || outcome.value() != Outcome::unconfirmed) return outcome;
      return put_unconfirmed(change.key, change.value, proof);
    }
  }
  return Outcome::fenced;
}

// The put that all other calls for the key wait for must not wait itself. `unconfirmed`: nothing was done; it waits.
Result<Outcome> ClassicKeys::put_unconfirmed(std::string_view key, std::string_view value, OwnershipProof proof) {
  if (value.empty()) return Outcome::unconfirmed;
  const auto ownership = store_->ownership->share();
  if (comes_by_put(*store_, *ownership, key)) {
    return store_->local->put(key, value, {proof.view_version, kNeverConfirmed});
  }
  if (!may_get_puts_for_others(*store_, *ownership)) return Outcome::unconfirmed;
  const bool is_kept = keep_put(*store_, key, value, proof.view_version, kUnconfirmed);
  return is_kept ? Outcome::done : Outcome::unconfirmed;
}

void ClassicKeys::not_served(const Result<Outcome>& outcome, std::string_view key, Call call, const KeyMethod& method) {
  if (!outcome.ok()) return give_up_here(*store_->forwarder, outcome.error(), std::move(call), method);
  if (outcome.value() == Outcome::unconfirmed) return fetch_then_again(std::string(key), std::move(call), method);
  P2P_ASSERT(outcome.value() == Outcome::fenced, "the engine's other outcomes answer the call");
  call.keep();
  call.dispatch_again();
}

void ClassicKeys::fetch_then_again(std::string key, Call call, const KeyMethod& method) {
  call.keep();
  const auto waiting = std::make_shared<Call>(std::move(call));
  const TimePoint deadline = waiting->deadline();
  confirm(store_, {std::move(key)}, deadline, [store = store_, waiting, &method](bool is_confirmed) {
    if (is_confirmed) return waiting->dispatch_again();
    const std::string_view refusal = refusal_to_wait(*store, waiting->info());
    if (!refusal.empty()) return method.give_up(std::move(*waiting), std::string(refusal));
    store->forwarder->wait(std::move(*waiting), method, "the key has not arrived from its former owner");
  });
}

// --- batches ---------------------------------------------------------------------------------------------------------

template <class Verb>
void ClassicKeys::serve_part(LocalPart<Verb>& part, std::function<void()> done) {
  std::vector<std::string> unconfirmed;
  std::size_t bytes = 0;
  part.results.resize(part.keys.size());
  for (std::size_t at = 0; at < part.keys.size() && bytes <= part.room.bytes_max; ++at) {
    const LocalKey& key = part.keys[at];
    auto& input = part.inputs[key.index];
    typename Verb::Result result;
    const auto outcome = do_one(*store_->local, input, key.proof, result);
    if (!outcome.ok()) {
      part.failure = Error{outcome.error().kind, text_of_engine_failure(outcome.error())};
      break;
    }
    if (has_answered(outcome)) {
      note<Verb>(store_->counts, outcome.value() == Outcome::done);
      result.__set_view(key.view);
      bytes += Verb::reply_bytes(result) + part.room.bytes_per_result;
      part.results[at] = std::move(result);
      continue;
    }
    if (outcome.value() == Outcome::unconfirmed) unconfirmed.push_back(Verb::key(input));
    part.why = "the ring has just changed";
  }
  const TimePoint deadline = part.deadline;
  const bool waits = part.waits == Waits::yes && !unconfirmed.empty();
  if (!waits) done();
  if (unconfirmed.empty()) return;
  confirm(store_, std::move(unconfirmed), deadline, [done = waits ? std::move(done) : nullptr](bool) {
    if (done) done();
  });
}

void ClassicKeys::serve(LocalPart<ReadMany>& part, std::function<void()> done) { serve_part(part, std::move(done)); }
void ClassicKeys::serve(LocalPart<WriteMany>& part, std::function<void()> done) { serve_part(part, std::move(done)); }
void ClassicKeys::serve(LocalPart<EraseMany>& part, std::function<void()> done) { serve_part(part, std::move(done)); }

Result<KeysHere::Now> ClassicKeys::read_now(std::string_view key, const KeyRoute& route, Use use) const {
  const auto outcome = store_->local->engine().get(
      key, route.proof, [&](std::string_view value, Version version, WallMs) { use(value, version, 0); });
  if (!outcome.ok()) return outcome.error();
  if (!has_answered(outcome)) return Now::later;
  store_->counts.note_read(outcome.value() == Outcome::done);
  return outcome.value() == Outcome::done ? Now::found : Now::missing;
}

Result<std::optional<Version>> ClassicKeys::write_now(std::string_view key, std::string_view value,
                                                      const KeyRoute& route, std::uint64_t now_ms) {
  Version version;
  const auto outcome = store_->local->write(key, value, route.proof, version, now_ms);
  if (!outcome.ok()) return outcome.error();
  if (outcome.value() != Outcome::done) return std::optional<Version>();
  store_->counts.note_change(true);
  return std::optional<Version>(version);
}

}  // namespace p2p::diststore
