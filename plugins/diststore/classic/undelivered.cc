#include "classic/undelivered.h"

#include "classic/classic_puts.h"
#include "classic/fetcher.h"

#include <p2p/handlers.h>

#include <StorePeer.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

// Asks one node after the other: those that held the key before the owner joined, or know from where they await it; and
// those of ours that leave and may not have given all.
class Search final : public std::enable_shared_from_this<Search> {
 public:
  using Found = std::function<void(Result<std::optional<std::string>>)>;

  Search(std::shared_ptr<ClassicStore> store, NodeAddress owner, std::string key, TimePoint deadline, Found done)
      : store_(std::move(store)),
        ownership_(store_->ownership->share()),
        owner_(std::move(owner)),
        key_(std::move(key)),
        deadline_(deadline),
        done_(std::move(done)) {}

  void start() {
    auto stored = store_->local->engine().copy(key_);
    if (!stored.ok()) return fail(store_->self, text_of_engine_failure(stored.error()));
    if (stored.value()) take(std::move(*stored.value()));
    // A node of the 2009 system cannot be asked; the caller has checked whether it may have the key (may_come_by_put).
    for (const NodeAddress& leaving : ownership_->ring->leaving()) {
      if (store_->classics->knows_as_ours(leaving) && ownership_->may_give(leaving, owner_))
        awaited_.push_back(leaving);
    }
    const auto holders = givers_to(*store_, *ownership_, owner_, key_);
    awaited_.insert(awaited_.end(), holders.begin(), holders.end());
    if (ownership_->holder_before(owner_, key_) == store_->self) awaited_.push_back(store_->self);
    next();
  }

 private:
  void next() {
    while (!awaited_.empty()) {
      const NodeAddress node = awaited_.back();
      awaited_.pop_back();
      if (node == owner_ || !asked_.insert(node).second) continue;
      if (node != store_->self) return ask(node);
      await_own_sources();
    }
    end();
  }

  // Who held the key before the owner joined may have been this node, or await it from this node.
  void await_own_sources() {
    if (ownership_->confirmed_from(key_) == kNeverConfirmed) return;
    const auto former = former_owners(*store_, *ownership_, key_);
    awaited_.insert(awaited_.end(), former.begin(), former.end());
  }

  void ask(const NodeAddress& node) {
    const Duration timeout = store_->forwarder->time_for_peer(deadline_, Repeat::always);
    if (timeout <= Duration::zero()) return fail(node, "the call's time is over");
    if (asked_.size() > kAskedMax) return fail(node, "too many nodes may hold the key");
    if (store_->classics->was_of_2009(node)) return is_of_2009(node);
    wire::StorePeer_pull_args args;
    args.keys = {key_};
    store_->peers.call(
        node, store_->peer_service, encode_call("pull", args), timeout,
        [search = shared_from_this(), node](const Result<std::string>& reply) { search->replied(node, reply); });
  }

  void replied(const NodeAddress& node, const Result<std::string>& reply) {
    if (!reply.ok()) return failed(node, reply.error());
    auto decoded = decode_reply<wire::StorePeer_pull_result>(reply.value());
    if (!decoded.ok()) return failed(node, decoded.error());
    auto& fetched = decoded.value().success;
    if (fetched.size() != 1 || !fetched.front().yielded)
      return fail(node, "it takes another node for the owner of the key");
    if (fetched.front().__isset.item) {
      wire::MovedItem& item = fetched.front().item;
      take({std::move(item.value), from_wire(item.version), item.erased, kNeverConfirmed});
    }
    for (const std::string& name : fetched.front().awaits) {
      if (auto further = parse_node_address(name); further.ok()) awaited_.push_back(std::move(further).value());
    }
    next();
  }

  void failed(const NodeAddress& node, const Error& error) {
    if (error.kind == ErrorKind::refused) store_->forwarder->report_unreachable(node);
    if (!has_no_store(error)) return fail(node, error.text);
    if (error.kind != ErrorKind::unsupported) return next();  // it holds nothing
    store_->classics->remember(node);
    is_of_2009(node);
  }

  // It does not show what it holds for others, but gives all of it at once.
  void is_of_2009(const NodeAddress& node) {
    if (ownership_->may_give(node, owner_)) return fail(node, "it has not shown yet that it knows that one");
    next();
  }

  void take(StoredEntry stored) {
    if (!newest_ || stored.version > newest_->version) newest_ = std::move(stored);
  }

  void fail(const NodeAddress& node, const std::string& why) {
    done_(Error{ErrorKind::cancelled, node.name() + " may still hold the key for " + owner_.name() + ": " + why});
  }

  void end() {
    if (!newest_ || newest_->is_erased) return done_(std::optional<std::string>());
    done_(std::optional(std::move(newest_->value)));
  }

  const std::shared_ptr<ClassicStore> store_;
  const std::shared_ptr<const OwnershipSnapshot> ownership_;
  const NodeAddress owner_;
  const std::string key_;
  const TimePoint deadline_;
  const Found done_;
  std::vector<NodeAddress> awaited_;  // to be asked
  std::set<NodeAddress> asked_;
  std::optional<StoredEntry> newest_;
};

}  // namespace

void find_undelivered(const std::shared_ptr<ClassicStore>& store, const NodeAddress& owner, const std::string& key,
                      TimePoint deadline, std::function<void(Result<std::optional<std::string>>)> done) {
  std::make_shared<Search>(store, owner, key, deadline, std::move(done))->start();
}

}  // namespace p2p::diststore
