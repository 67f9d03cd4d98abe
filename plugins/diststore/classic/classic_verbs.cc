#include "classic/classic_verbs.h"

#include "classic/classic_puts.h"
#include "classic/undelivered.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace p2p::diststore {
namespace {

// Sends nothing after the deadline: the node would wrongly appear not to answer.
template <class Value>
bool is_too_late(const std::shared_ptr<ClassicStore>& store, TimePoint deadline,
                 const std::function<void(Result<Value>)>& done) {
  if (store->forwarder->time_for_peer(deadline, Repeat::always) > Duration::zero()) return false;
  done(Error{ErrorKind::local, "the call's time is over"});
  return true;
}

constexpr const char* kMayCome = "another node has the key, or may have it, and its owner does not have it yet";

// The error for a put that was sent to the node but does not show in its answer: its outcome is unknown.
Error after_put(const Error& error) { return {may_have_run(error.kind) ? error.kind : ErrorKind::closed, error.text}; }

bool may_lie_at_leaver(const ClassicStore& store, std::string_view key) {
  return !store.ownership->read().leavers_with(key).empty();
}

template <class Value>
bool is_awaited(bool may_come, const std::function<void(Result<Value>)>& done) {
  if (may_come) done(Error{ErrorKind::cancelled, kMayCome});
  return may_come;
}

template <class Value>
bool is_disowned(const ClassicStore& store, const NodeAddress& owner, const std::string& key,
                 const std::function<void(Result<Value>)>& done) {
  const Owner now = store.ownership->read().owner_of(key);
  if (now.address != nullptr && *now.address == owner) return false;
  done(Error{ErrorKind::cancelled, "the key has another owner by now"});
  return true;
}

// A former owner forwards the call to the owner and serves nobody until the owner answers; the owner in turn may be
// waiting for keys from the former owner.
void ask(const std::shared_ptr<ClassicStore>& store, const NodeAddress& owner, const std::string& key,
         TimePoint deadline, std::function<void(Result<std::string>)> done) {
  if (is_too_late(store, deadline, done) || is_disowned(*store, owner, key, done)) return;
  store->classics->get(owner, key, store->forwarder->time_for_peer(deadline, Repeat::always), std::move(done));
}

// Continues only if no put in flight to `owner` could overwrite the new value.
template <class Value, class Act>
void when_delivered(const std::shared_ptr<ClassicStore>& store, const NodeAddress& owner, const std::string& key,
                    TimePoint deadline, std::function<void(Result<Value>)> done, Act act) {
  if (is_awaited(may_come_by_put(*store, *store->ownership->share(), key), done)) return;
  find_undelivered(store, owner, key, deadline,
                   [done = std::move(done), act = std::move(act)](const Result<std::optional<std::string>>& stored) {
                     if (!stored.ok()) return done(stored.error());
                     if (is_awaited(stored.value().has_value(), done)) return;
                     act(done);
                   });
}

// Our own hand-over put is being verified at the owner: a change now would look like a lost put.
template <class Value>
bool is_checked(const ClassicStore& store, const std::string& key, const std::function<void(Result<Value>)>& done) {
  if (!store.classics->is_checked(key)) return false;
  done(Error{ErrorKind::cancelled, "the key is being handed to its owner"});
  return true;
}

// Puts the value and reads it back.
void put_and_check(const std::shared_ptr<ClassicStore>& store, const NodeAddress& owner, const std::string& key,
                   const std::string& value, TimePoint deadline, std::function<void(Result<wire::WriteResult>)> done) {
  if (is_too_late(store, deadline, done) || is_disowned(*store, owner, key, done)) return;
  store->classics->put(owner, key, value, store->forwarder->time_for_peer(deadline, Repeat::always),
                       [store, owner, key, value, deadline, done = std::move(done)](const Result<Done>& put) {
                         if (!put.ok()) return done(put.error());
                         ask(store, owner, key, deadline, [owner, value, done](const Result<std::string>& read) {
                           if (!read.ok()) return done(after_put(read.error()));
                           if (read.value() == value) return done(wire::WriteResult());
                           done(Error{ErrorKind::closed, owner.name() + " does not have what was written"});
                         });
                       });
}

// A node of the 2009 system that leaves serves nobody: it hands over what it holds, perhaps by the very put in
// question, which arrived before the news of its leaving.
bool has_left(const ClassicStore& store, const NodeAddress& owner) {
  const auto& members = store.ownership->read().ring->members();
  return std::find(members.begin(), members.end(), owner) == members.end();
}

}  // namespace

void ClassicVerbs::read(const NodeAddress& owner, const std::string& key, TimePoint deadline,
                        Done<wire::ReadResult> done) {
  if (is_awaited(may_come_by_put(*store_, *store_->ownership->share(), key), done)) return;
  // Checked first: a leaver that is gone by the time of the answer may have been there when the owner was asked.
  const bool may_come = may_lie_at_leaver(*store_, key);
  find_undelivered(store_, owner, key, deadline,
                   [store = store_, owner, key, deadline, may_come,
                    done = std::move(done)](Result<std::optional<std::string>> undelivered) {
                     // The owner's value is newer: the undelivered one will not be sent to it.
                     ask(store, owner, key, deadline,
                         [done, may_come, undelivered = std::move(undelivered)](Result<std::string> value) {
                           if (!value.ok()) return done(value.error());
                           const bool is_there = !value.value().empty();
                           if (!is_there && !undelivered.ok()) return done(undelivered.error());
                           wire::ReadResult result;
                           result.found = is_there || undelivered.value();
                           if (is_awaited(!result.found && may_come, done)) return;
                           if (result.found)
                             result.__set_value(is_there ? std::move(value).value() : *undelivered.value());
                           done(std::move(result));
                         });
                   });
}

// Nobody would notice a lost put, so a put that the owner did not take because it had left is sent again.
void ClassicVerbs::put(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint deadline,
                       Done<wire::WriteResult> done) {
  if (is_checked(*store_, key, done)) return;
  put_and_check(store_, owner, key, value, deadline,
                [store = store_, owner, done = std::move(done)](Result<wire::WriteResult> put) {
                  if (!put.ok() && has_left(*store, owner))
                    return done(Error{ErrorKind::cancelled, "the owner has left the ring"});
                  done(std::move(put));
                });
}

void ClassicVerbs::write(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint deadline,
                         Done<wire::WriteResult> done) {
  if (is_checked(*store_, key, done)) return;
  when_delivered(store_, owner, key, deadline, std::move(done),
                 [store = store_, owner, key, value, deadline](auto written) {
                   put_and_check(store, owner, key, value, deadline, std::move(written));
                 });
}

void ClassicVerbs::erase(const NodeAddress& owner, const std::string& key, TimePoint deadline,
                         Done<wire::EraseResult> done) {
  if (is_checked(*store_, key, done)) return;
  if (is_awaited(may_lie_at_leaver(*store_, key), done)) return;  // the leaver would hand the key over again
  when_delivered(store_, owner, key, deadline, std::move(done), [store = store_, owner, key, deadline](auto erased) {
    ask(store, owner, key, deadline, [store, owner, key, deadline, erased](const Result<std::string>& stored) {
      if (!stored.ok()) return erased(stored.error());
      wire::EraseResult result;
      result.found = !stored.value().empty();
      if (!result.found) return erased(std::move(result));
      put_and_check(store, owner, key, "", deadline, [result, erased](const Result<wire::WriteResult>& put) {
        if (!put.ok()) return erased(put.error());
        erased(result);
      });
    });
  });
}

}  // namespace p2p::diststore
