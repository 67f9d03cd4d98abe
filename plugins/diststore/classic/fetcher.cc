#include "classic/fetcher.h"

#include "classic/classic_puts.h"

#include <p2p/handlers.h>

#include <StorePeer.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace p2p::diststore {
namespace {

// One call of confirm().
class Fetch final : public std::enable_shared_from_this<Fetch> {
 public:
  Fetch(std::shared_ptr<ClassicStore> store, std::vector<std::string> keys, TimePoint deadline,
        std::function<void(bool)> done)
      : store_(std::move(store)), ownership_(store_->ownership->share()), deadline_(deadline), done_(std::move(done)) {
    for (std::string& key : keys) keys_.push_back({std::move(key), {}, 0, true});
  }

  void start() {
    Questions questions;
    for (std::size_t at = 0; at < keys_.size(); ++at) {
      Key& key = keys_[at];
      key.open = 1;  // until all of its first questions are planned
      // The ring may have changed since the caller's check: keys that are not ours must not come here. And a node of
      // the 2009 system does not show what it will put here.
      key.is_known = ownership_->is_established && ownership_->owner_of(key.text).is_self &&
                     !may_come_by_put(*store_, *ownership_, key.text);
      if (key.is_known) plan(at, former_owners(*store_, *ownership_, key.text), questions);
    }
    send(questions);
    for (std::size_t at = 0; at < keys_.size(); ++at) answered(at);
    ended();
  }

 private:
  struct Key {
    std::string text;
    std::set<NodeAddress> asked;
    std::size_t open = 0;  // questions without an answer
    bool is_known = true;  // nothing has failed
  };
  using Indexes = std::vector<std::size_t>;
  using Questions = std::map<NodeAddress, Indexes>;

  // Adds those of `owners` that have not been asked for the key. [mutex_ held, or nothing in flight]
  void plan(std::size_t at, const std::vector<NodeAddress>& owners, Questions& questions) {
    Key& key = keys_[at];
    for (const NodeAddress& owner : owners) {
      if (owner == store_->self || !key.asked.insert(owner).second) continue;
      if (key.asked.size() > kAskedMax) {
        key.is_known = false;
        return;
      }
      ++key.open;
      questions[owner].push_back(at);
    }
  }

  void send(Questions& questions) {
    for (auto& [owner, indexes] : questions) {
      wire::StorePeer_pull_args args;
      for (const std::size_t at : indexes) args.keys.push_back(keys_[at].text);
      open_.fetch_add(1);
      const Duration timeout = store_->forwarder->time_for_peer(deadline_, Repeat::always);
      if (timeout <= Duration::zero()) {
        failed(owner, indexes, Error{ErrorKind::local, "the call's time is over"}, false);
        ended();
        continue;
      }
      store_->peers.call(owner, store_->peer_service, encode_call("pull", args), timeout,
                         [pull = shared_from_this(), owner = owner, indexes = indexes](Result<std::string> reply) {
                           pull->replied(owner, indexes, reply);
                           pull->ended();
                         });
    }
  }

  void replied(const NodeAddress& owner, const Indexes& indexes, const Result<std::string>& reply) {
    if (!reply.ok()) return failed(owner, indexes, reply.error(), reply.error().kind == ErrorKind::refused);
    auto decoded = decode_reply<wire::StorePeer_pull_result>(reply.value());
    if (!decoded.ok()) return failed(owner, indexes, decoded.error(), false);
    auto& fetched = decoded.value().success;
    if (fetched.size() != indexes.size()) {
      return failed(owner, indexes, Error{ErrorKind::protocol, "the reply does not fit what was asked"}, false);
    }
    Questions questions;
    for (std::size_t i = 0; i < indexes.size(); ++i) take(indexes[i], fetched[i], questions);
    send(questions);
    for (const std::size_t at : indexes) answered(at);
  }

  void take(std::size_t at, wire::FetchedKey& fetched, Questions& questions) {
    bool is_taken = fetched.yielded;
    if (fetched.__isset.item && fetched.item.version.stamp >= 0) {
      std::uint64_t ignored = 0;
      fetched.item.key = keys_[at].text;
      const auto outcome = store_->local->merge(fetched.item, ownership_->view_version, false, ignored);
      if (!outcome.ok()) log_engine_failure(*store_->forwarder, "fetch", outcome.error());
      is_taken = outcome.ok() && outcome.value() != Outcome::fenced && is_taken;
    }
    std::vector<NodeAddress> further;
    for (const std::string& name : fetched.awaits) {
      if (auto node = parse_node_address(name); node.ok()) further.push_back(std::move(node).value());
    }
    const std::lock_guard hold(mutex_);
    keys_[at].is_known = keys_[at].is_known && is_taken;  // (H11)
    plan(at, further, questions);
  }

  // A node without a store holds nothing, and does not know which nodes may; any other may hold the key. A node of the
  // 2009 system from which keys are awaited does hold it: they come by its puts. When it has put all, keys that it had
  // not got itself may still be where they were.
  void failed(const NodeAddress& owner, const Indexes& indexes, const Error& error, bool is_unreachable) {
    if (is_unreachable) store_->forwarder->report_unreachable(owner);
    if (error.kind == ErrorKind::unsupported) store_->classics->remember(owner);
    Questions questions;
    {
      const std::lock_guard hold(mutex_);
      for (const std::size_t at : indexes) {
        if (!has_no_store(error) || (error.kind == ErrorKind::unsupported && ownership_->awaits_from(owner))) {
          keys_[at].is_known = false;
        } else {
          const bool is_of_2009 = error.kind == ErrorKind::unsupported;
          plan(at, is_of_2009 ? givers_to(*store_, *ownership_, owner, keys_[at].text) : ownership_->all_sources(),
               questions);
        }
      }
    }
    send(questions);
    for (const std::size_t at : indexes) answered(at);
  }

  void answered(std::size_t at) {
    bool is_known = false;
    {
      const std::lock_guard hold(mutex_);
      if (--keys_[at].open > 0) return;
      is_known = keys_[at].is_known;
    }
    if (!is_known || !note_confirmed(keys_[at].text)) is_all_confirmed_.store(false);
  }

  bool note_confirmed(const std::string& key) {
    const auto outcome = store_->local->engine().apply_one(Change::confirm(key, ownership_->view_version));
    if (!outcome.ok()) log_engine_failure(*store_->forwarder, "fetch", outcome.error());
    return outcome.ok() && outcome.value() == Outcome::done;
  }

  void ended() {
    if (open_.fetch_sub(1) == 1) done_(is_all_confirmed_.load());
  }

  const std::shared_ptr<ClassicStore> store_;
  const std::shared_ptr<const OwnershipSnapshot> ownership_;
  const TimePoint deadline_;
  const std::function<void(bool)> done_;
  std::mutex mutex_;
  std::vector<Key> keys_;             // `asked`, `open` and `is_known` of each: by mutex_
  std::atomic<std::size_t> open_{1};  // questions, and start() itself
  std::atomic<bool> is_all_confirmed_{true};
};

}  // namespace

void confirm(const std::shared_ptr<ClassicStore>& store, std::vector<std::string> keys, TimePoint deadline,
             std::function<void(bool)> done) {
  std::make_shared<Fetch>(store, std::move(keys), deadline, std::move(done))->start();
}

}  // namespace p2p::diststore
