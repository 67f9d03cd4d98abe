#include "classic/classic_giver.h"

#include "classic/classic_puts.h"
#include "classic/test_point.h"

#include <p2p/handlers.h>
#include <p2p/thread_check.h>

#include <StorePeer.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore {

void ClassicGiver::give(MoveBatch batch, Given given) {
  P2P_ASSERT_THREAD(strand_->is_current());
  if (is_stopped_.load()) return;
  const NodeAddress node = batch.to;
  queues_[node].waiting.push_back(std::make_shared<Job>(Job{std::move(batch), std::move(given), 0, 0, 0, nullptr}));
  begin_next(node);
}

void ClassicGiver::begin_next(const NodeAddress& node) {
  const auto found = queues_.find(node);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  while (queue.under_way < kGivenAtOnce && !queue.waiting.empty()) {
    const JobRef job = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    ++queue.under_way;
    ping(job);
  }
  if (queue.under_way == 0) queues_.erase(found);
}

void ClassicGiver::ping(const JobRef& job) {
  store_->classics->ping(job->batch.to, kClassicCallTimeout, then<Done>([this, job](const Result<Done>& answer) {
                           if (answer.ok()) return say_farewell(job);
                           if (++job->pings >= kPingsMax || answer.error().kind != ErrorKind::refused) {
                             return end(job, "it does not answer: " + answer.error().text);
                           }
                           const auto pause = kPingPauseMin * (1 << (job->pings - 1));
                           job->pause = strand_->after(pause, [weak = weak_from_this(), weak_job = std::weak_ptr(job)] {
                             const auto giver = weak.lock();
                             const auto waiting = weak_job.lock();
                             if (!giver || !waiting) return;
                             giver->strand_->post([giver, waiting] {
                               if (!giver->is_stopped_.load()) giver->ping(waiting);
                             });
                           });
                           paused_.insert(job);
                         }));
}

// Before the first put: a node that still has us on its ring would forward the key straight back.
void ClassicGiver::say_farewell(const JobRef& job) {
  const RingView& ring = *store_->ownership->read().ring;
  const auto& members = ring.members();
  if (std::find(members.begin(), members.end(), store_->self) != members.end()) return next_key(job);
  std::vector<NodeAddress> knowing = members;
  knowing.push_back(store_->self);
  store_->classics->remove(job->batch.to, store_->self, knowing, kClassicCallTimeout,
                           then<Done>([this, job](const Result<Done>& told) {
                             if (!told.ok())
                               return end(job, "it cannot be told that this node leaves: " + told.error().text);
                             next_key(job);
                           }));
}

namespace {

// Nodes of ours that may have a newer entry than ours of a key that `receiver` owns: those that owned it later, and
// those from which this node has not got it yet.
std::vector<NodeAddress> later_owners(const ClassicStore& store, const NodeAddress& receiver, const std::string& key,
                                      ViewVersion confirmed_in) {
  const OwnershipSnapshot& ownership = store.ownership->read();
  std::vector<NodeAddress> owners = ownership.owners_since(receiver, key);
  if (confirmed_in < ownership.confirmed_from(key)) {
    for (const NodeAddress& owner : former_owners(store, ownership, key)) owners.push_back(owner);
  }
  std::erase_if(owners, [&](const NodeAddress& owner) {
    return owner == receiver || owner == store.self || !ownership.is_present(owner) ||
           store.classics->was_of_2009(owner);
  });
  return owners;
}

}  // namespace

void ClassicGiver::next_key(const JobRef& job) {
  P2P_ASSERT_THREAD(strand_->is_current());
  auto& keys = job->batch.keys;
  while (job->at < keys.size()) {
    auto looked_up = store_->local->engine().copy(keys[job->at].key);
    if (!looked_up.ok()) return end(job, text_of_engine_failure(looked_up.error()));
    std::optional<StoredEntry>& stored = looked_up.value();
    if (!stored) {
      keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(job->at));
      continue;
    }
    StoredKey& key = keys[job->at];
    if (key.version != stored->version) key.value = stored->value;  // it has changed since the scan
    key.version = stored->version;
    key.bytes = key.key.size() + stored->value.size();
    key.is_erased = stored->is_erased;
    // For such a node "" means a missing key, and an erased key needs no message.
    if (!stored->is_erased) {
      const auto kept = std::make_shared<StoredEntry>(std::move(*stored));
      return ask_later_owners(job, kept, later_owners(*store_, job->batch.to, key.key, kept->confirmed_in));
    }
    ++job->at;
  }
  end(job, "");
}

// What this node has may be older than what another one of ours has to give. The node would keep whatever came last,
// and the other one would take ours for a client's newer value: ours must not go there.
void ClassicGiver::ask_later_owners(const JobRef& job, const std::shared_ptr<StoredEntry>& stored,
                                    std::vector<NodeAddress> owners) {
  if (owners.empty()) return ask_owner(job, stored);
  const NodeAddress owner = std::move(owners.back());
  owners.pop_back();
  wire::StorePeer_pull_args args;
  args.keys = {key_of(job)};
  store_->peers.call(
      owner, store_->peer_service, encode_call("pull", args), kClassicCallTimeout,
      then<std::string>([this, job, stored, owner, owners = std::move(owners)](Result<std::string> reply) mutable {
        if (!reply.ok() && has_no_store(reply.error())) return ask_later_owners(job, stored, std::move(owners));
        if (!reply.ok()) return end(job, owner.name() + " may have a newer value: " + reply.error().text);
        auto decoded = decode_reply<wire::StorePeer_pull_result>(reply.value());
        if (!decoded.ok()) return end(job, decoded.error().text);
        const auto& fetched = decoded.value().success;
        if (fetched.size() != 1 || !fetched.front().yielded) return end(job, owner.name() + " still owns a key of it");
        const bool is_newer = fetched.front().__isset.item && from_wire(fetched.front().item.version) > stored->version;
        if (is_newer) return given(job);
        ask_later_owners(job, stored, std::move(owners));
      }));
}

void ClassicGiver::ask_owner(const JobRef& job, const std::shared_ptr<StoredEntry>& kept) {
  store_->classics->get_node(job->batch.to, key_of(job), kClassicCallTimeout,
                             then<NodeAddress>([this, job, kept](const Result<NodeAddress>& owner) {
                               if (!owner.ok()) return end(job, owner.error().text);
                               if (owner.value() != job->batch.to) {
                                 return end(job,
                                            "by its ring a key that we give it belongs to " + owner.value().name());
                               }
                               read_before_put(job, kept);
                             }));
}

// A value that is there already is newer: a client wrote it after the node became the owner.
void ClassicGiver::read_before_put(const JobRef& job, const std::shared_ptr<StoredEntry>& stored) {
  store_->classics->begin_check(key_of(job));
  store_->classics->get(job->batch.to, key_of(job), kClassicCallTimeout,
                        then<std::string>([this, job, stored](const Result<std::string>& value) {
                          if (!value.ok()) {
                            store_->classics->end_check(key_of(job));
                            return end(job, value.error().text);
                          }
                          const bool came_back = store_->classics->has_come_back(key_of(job));
                          if (!value.value().empty() && !came_back) return given(job);
                          put(job, std::move(*stored));
                        }));
}

void ClassicGiver::put(const JobRef& job, StoredEntry stored) {
  P2P_TEST_POINT("donor.classic_put");
  const bool is_empty = stored.value.empty();
  store_->classics->put(job->batch.to, key_of(job), stored.value, patience(job),
                        then<Done>([this, job, is_empty](const Result<Done>& done) {
                          if (!done.ok()) {
                            store_->classics->end_check(key_of(job));
                            return end(job, done.error().text);
                          }
                          if (is_empty) return given(job);  // "" looks the same as a missing key
                          check(job);
                        }));
}

void ClassicGiver::check(const JobRef& job) {
  store_->classics->begin_check(key_of(job));
  store_->classics->get(job->batch.to, key_of(job), patience(job),
                        then<std::string>([this, job](const Result<std::string>& value) {
                          checked(job, store_->classics->has_come_back(key_of(job)), value);
                        }));
}

void ClassicGiver::checked(const JobRef& job, bool came_back, const Result<std::string>& value) {
  if (value.ok() && came_back && ++job->checks < kChecksMax) return check(job);
  if (value.ok() && !came_back && !value.value().empty()) return given(job);
  store_->classics->end_check(key_of(job));
  if (!value.ok()) return end(job, value.error().text);
  end(job, came_back ? "it passes a key that we give it back to us" : "it does not have a key that we gave it");
}

void ClassicGiver::given(const JobRef& job) {
  store_->classics->end_check(key_of(job));
  job->checks = 0;
  ++job->at;
  next_key(job);
}

void ClassicGiver::stop() {
  is_stopped_.store(true);
  strand_->post([giver = shared_from_this()] {
    giver->paused_.clear();
    giver->queues_.clear();
  });
}

// What waits for the same node would fail in the same way, and hold up other nodes' batches.
void ClassicGiver::end(const JobRef& job, const std::string& why_not_all) {
  P2P_ASSERT_THREAD(strand_->is_current());
  const NodeAddress node = job->batch.to;
  const bool is_all = why_not_all.empty();
  if (!is_all) {
    log_.warn("{} keys for {} stay here for now: {}", job->batch.keys.size() - job->at, node.name(), why_not_all);
  }
  paused_.erase(job);
  Queue& queue = queues_[node];
  --queue.under_way;
  std::deque<JobRef> ended;
  if (!is_all) ended.swap(queue.waiting);
  ended.push_front(job);
  for (const JobRef& one : ended) one->given(std::span<const StoredKey>(one->batch.keys.data(), one->at), why_not_all);
  begin_next(node);
}

Duration ClassicGiver::patience(const JobRef& job) const {
  return kClassicCallTimeout + std::chrono::seconds(job->batch.keys[job->at].bytes / kClassicBytesPerSecond);
}

}  // namespace p2p::diststore
