#include "serving/classic_verbs.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore {
namespace {

// Nothing is asked of a node when the call's time is over: it would only seem not to answer.
template <class Value>
bool is_too_late(const std::shared_ptr<Store>& store, TimePoint deadline,
                 const std::function<void(Result<Value>)>& done) {
  if (store->router->time_for_peer(deadline, Repeat::always) > Duration::zero()) return false;
  done(Error{ErrorKind::local, "the call's time is over"});
  return true;
}

constexpr const char* kMayCome = "the key may still lie at a node that leaves, and has not come to its owner";

// Why it is not known whether a put has happened that the node was given, and that its answer does not show.
Error after_put(const Error& error) { return {may_have_run(error.kind) ? error.kind : ErrorKind::closed, error.text}; }

// One of the 2009 system that leaves overwrites what it finds at the key's new owner. And who asks that owner may stop
// both: until it knows of the leaving it asks the leaver in turn, and waits for ever, while the leaver waits for it.
bool may_be_overwritten(const Store& store, std::string_view key) {
  const auto leavers = store.standing->read().leavers_with(key);
  return std::any_of(leavers.begin(), leavers.end(),
                     [&](const Location& leaver) { return !store.classics->knows_as_ours(leaver); });
}

bool may_lie_at_leaver(const Store& store, std::string_view key) {
  return !store.standing->read().leavers_with(key).empty();
}

template <class Value>
bool is_awaited(bool may_come, const std::function<void(Result<Value>)>& done) {
  if (may_come) done(Error{ErrorKind::cancelled, kMayCome});
  return may_come;
}

void ask(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key, TimePoint deadline,
         std::function<void(Result<std::string>)> done) {
  if (is_too_late(store, deadline, done)) return;
  store->classics->get(owner, key, store->router->time_for_peer(deadline, Repeat::always), std::move(done));
}

}  // namespace

void classic_read(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                  TimePoint deadline, std::function<void(Result<wire::ReadResult>)> done) {
  if (is_awaited(may_be_overwritten(*store, key), done)) return;
  // Looked at before it is asked: who is gone when it answers may not have been gone then.
  const bool may_come = may_lie_at_leaver(*store, key);
  ask(store, owner, key, deadline, [done = std::move(done), may_come](Result<std::string> value) {
    if (!value.ok()) return done(value.error());
    wire::ReadResult result;
    result.found = !value.value().empty();
    if (is_awaited(!result.found && may_come, done)) return;
    if (result.found) result.__set_value(std::move(value).value());
    done(std::move(result));
  });
}

void classic_put(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                 const std::string& value, TimePoint deadline, std::function<void(Result<wire::WriteResult>)> done) {
  if (is_too_late(store, deadline, done)) return;
  store->classics->put(owner, key, value, store->router->time_for_peer(deadline, Repeat::always),
                       [store, owner, key, value, deadline, done = std::move(done)](const Result<Done>& put) {
                         if (!put.ok()) return done(put.error());
                         ask(store, owner, key, deadline, [owner, value, done](const Result<std::string>& read) {
                           if (!read.ok()) return done(after_put(read.error()));
                           if (read.value() == value) return done(wire::WriteResult());
                           done(Error{ErrorKind::closed, owner.name() + " does not have what was written"});
                         });
                       });
}

void classic_write(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                   const std::string& value, TimePoint deadline, std::function<void(Result<wire::WriteResult>)> done) {
  if (is_awaited(may_be_overwritten(*store, key), done)) return;
  classic_put(store, owner, key, value, deadline, std::move(done));
}

void classic_erase(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                   TimePoint deadline, std::function<void(Result<wire::EraseResult>)> done) {
  if (is_awaited(may_lie_at_leaver(*store, key), done)) return;  // it would come back
  classic_read(store, owner, key, deadline,
               [store, owner, key, deadline, done = std::move(done)](const Result<wire::ReadResult>& read) {
                 if (!read.ok()) return done(read.error());
                 wire::EraseResult result;
                 result.found = read.value().found;
                 if (!result.found) return done(std::move(result));
                 classic_write(store, owner, key, "", deadline,
                               [result, done](const Result<wire::WriteResult>& written) {
                                 if (!written.ok()) return done(written.error());
                                 done(result);
                               });
               });
}

}  // namespace p2p::diststore
