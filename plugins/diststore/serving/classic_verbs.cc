#include "serving/classic_verbs.h"

#include "serving/puts_of_2009.h"
#include "serving/undelivered.h"

#include <optional>
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

constexpr const char* kMayCome = "the key lies at another node, or may, and has not come to its owner";

// Why it is not known whether a put has happened that the node was given, and that its answer does not show.
Error after_put(const Error& error) { return {may_have_run(error.kind) ? error.kind : ErrorKind::closed, error.text}; }

bool may_lie_at_leaver(const Store& store, std::string_view key) {
  return !store.standing->read().leavers_with(key).empty();
}

template <class Value>
bool is_awaited(bool may_come, const std::function<void(Result<Value>)>& done) {
  if (may_come) done(Error{ErrorKind::cancelled, kMayCome});
  return may_come;
}

template <class Value>
bool is_disowned(const Store& store, const Location& owner, const std::string& key,
                 const std::function<void(Result<Value>)>& done) {
  const Owner now = store.standing->read().owner_of(key);
  if (now.location != nullptr && *now.location == owner) return false;
  done(Error{ErrorKind::cancelled, "the key has another owner by now"});
  return true;
}

// Who is not the owner any more passes the call on to who is, and serves nobody until that one has answered, which may
// wait for keys from the former owner in turn.
void ask(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key, TimePoint deadline,
         std::function<void(Result<std::string>)> done) {
  if (is_too_late(store, deadline, done) || is_disowned(*store, owner, key, done)) return;
  store->classics->get(owner, key, store->router->time_for_peer(deadline, Repeat::always), std::move(done));
}

// Goes on when nothing is on its way to `owner` that would overwrite what it is given now.
template <class Value, class Act>
void when_delivered(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                    TimePoint deadline, std::function<void(Result<Value>)> done, Act act) {
  if (is_awaited(may_come_by_put(*store, *store->standing->share(), key), done)) return;
  find_undelivered(store, owner, key, deadline,
                   [done = std::move(done), act = std::move(act)](const Result<std::optional<std::string>>& held) {
                     if (!held.ok()) return done(held.error());
                     if (is_awaited(held.value().has_value(), done)) return;
                     act(done);
                   });
}

}  // namespace

void classic_read(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                  TimePoint deadline, std::function<void(Result<wire::ReadResult>)> done) {
  if (is_awaited(may_come_by_put(*store, *store->standing->share(), key), done)) return;
  // Looked at before it is asked: who is gone when it answers may not have been gone then.
  const bool may_come = may_lie_at_leaver(*store, key);
  find_undelivered(
      store, owner, key, deadline,
      [store, owner, key, deadline, may_come, done = std::move(done)](Result<std::optional<std::string>> undelivered) {
        // What the owner has already is newer: it will not be given the other one.
        ask(store, owner, key, deadline,
            [done, may_come, undelivered = std::move(undelivered)](Result<std::string> value) {
              if (!value.ok()) return done(value.error());
              const bool is_there = !value.value().empty();
              if (!is_there && !undelivered.ok()) return done(undelivered.error());
              wire::ReadResult result;
              result.found = is_there || undelivered.value();
              if (is_awaited(!result.found && may_come, done)) return;
              if (result.found) result.__set_value(is_there ? std::move(value).value() : *undelivered.value());
              done(std::move(result));
            });
      });
}

void classic_put(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                 const std::string& value, TimePoint deadline, std::function<void(Result<wire::WriteResult>)> done) {
  if (is_too_late(store, deadline, done) || is_disowned(*store, owner, key, done)) return;
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
  when_delivered(store, owner, key, deadline, std::move(done), [store, owner, key, value, deadline](auto written) {
    classic_put(store, owner, key, value, deadline, std::move(written));
  });
}

void classic_erase(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                   TimePoint deadline, std::function<void(Result<wire::EraseResult>)> done) {
  if (is_awaited(may_lie_at_leaver(*store, key), done)) return;  // it would come back
  when_delivered(store, owner, key, deadline, std::move(done), [store, owner, key, deadline](auto erased) {
    ask(store, owner, key, deadline, [store, owner, key, deadline, erased](const Result<std::string>& held) {
      if (!held.ok()) return erased(held.error());
      wire::EraseResult result;
      result.found = !held.value().empty();
      if (!result.found) return erased(std::move(result));
      classic_put(store, owner, key, "", deadline, [result, erased](const Result<wire::WriteResult>& put) {
        if (!put.ok()) return erased(put.error());
        erased(result);
      });
    });
  });
}

}  // namespace p2p::diststore
