#include "moving/classic_giver.h"

#include "moving/test_point.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore {

void ClassicGiver::give(MoveBatch batch, Given given) {
  if (is_stopped_.load()) return;
  auto& jobs = jobs_[batch.to];
  jobs.push_back(std::make_shared<Job>(Job{std::move(batch), std::move(given), 0, 0}));
  if (jobs.size() == 1) ping(jobs.front());
}

void ClassicGiver::ping(const JobRef& job) {
  store_->classics->ping(job->batch.to, kClassicCallTimeout, then<Done>([this, job](const Result<Done>& answer) {
                           if (answer.ok()) return say_farewell(job);
                           if (++job->pings >= kPingsMax || answer.error().kind != ErrorKind::refused) {
                             return end(job, "it does not answer: " + answer.error().text);
                           }
                           const auto pause = kPingPauseMin * (1 << (job->pings - 1));
                           pauses_[job->batch.to] = strand_->after(pause, [weak = weak_from_this(), job] {
                             if (const auto giver = weak.lock())
                               giver->strand_->post([giver, job] { giver->ping(job); });
                           });
                         }));
}

// Before the first put: a node that still has us on its ring would pass the key straight back.
void ClassicGiver::say_farewell(const JobRef& job) {
  const RingView& ring = *store_->standing->read().ring;
  const auto& members = ring.members();
  if (std::find(members.begin(), members.end(), store_->self) != members.end()) return next_key(job);
  std::vector<Location> knowing = members;
  knowing.push_back(store_->self);
  store_->classics->remove(job->batch.to, store_->self, knowing, kClassicCallTimeout,
                           then<Done>([this, job](const Result<Done>& told) {
                             if (!told.ok())
                               return end(job, "it cannot be told that this node leaves: " + told.error().text);
                             next_key(job);
                           }));
}

void ClassicGiver::next_key(const JobRef& job) {
  auto& keys = job->batch.keys;
  while (job->at < keys.size()) {
    auto held = store_->local->engine().copy(keys[job->at].key);
    if (!held) {
      keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(job->at));
      continue;
    }
    keys[job->at].version = held->version;
    keys[job->at].bytes = keys[job->at].key.size() + held->value.size();
    // To such a node "" is what a missing key answers, and an erased one needs no telling.
    if (!held->is_erased) return ask_owner(job, std::move(*held));
    ++job->at;
  }
  end(job, "");
}

void ClassicGiver::ask_owner(const JobRef& job, Held held) {
  const auto kept = std::make_shared<Held>(std::move(held));
  store_->classics->get_node(
      job->batch.to, key_of(job), kClassicCallTimeout, then<Location>([this, job, kept](const Result<Location>& owner) {
        if (!owner.ok()) return end(job, owner.error().text);
        if (owner.value() != job->batch.to) {
          return end(job, "by its ring a key that we give it belongs to " + owner.value().name());
        }
        look_before(job, kept);
      }));
}

// A value that is there already is newer: a client has written it since the node became the owner.
void ClassicGiver::look_before(const JobRef& job, const std::shared_ptr<Held>& held) {
  store_->classics->begin_check(key_of(job));
  store_->classics->get(job->batch.to, key_of(job), kClassicCallTimeout,
                        then<std::string>([this, job, held](const Result<std::string>& value) {
                          if (!value.ok()) {
                            store_->classics->end_check(key_of(job));
                            return end(job, value.error().text);
                          }
                          const bool came_back = store_->classics->has_come_back(key_of(job));
                          if (!value.value().empty() && !came_back) return given(job);
                          put(job, std::move(*held));
                        }));
}

void ClassicGiver::put(const JobRef& job, Held held) {
  P2P_TEST_POINT("donor.classic_put");
  const bool is_empty = held.value.empty();
  store_->classics->put(job->batch.to, key_of(job), held.value, kClassicCallTimeout,
                        then<Done>([this, job, is_empty](const Result<Done>& done) {
                          if (!done.ok()) {
                            store_->classics->end_check(key_of(job));
                            return end(job, done.error().text);
                          }
                          if (is_empty) return given(job);  // nothing would tell "" from a missing key
                          check(job);
                        }));
}

void ClassicGiver::check(const JobRef& job) {
  store_->classics->begin_check(key_of(job));
  store_->classics->get(job->batch.to, key_of(job), kClassicCallTimeout,
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
    giver->pauses_.clear();
    giver->jobs_.clear();
  });
}

// What waits behind for the same node would fail in the same way, and hold up what goes to others.
void ClassicGiver::end(const JobRef& job, const std::string& why_not_all) {
  const Location node = job->batch.to;
  const bool is_all = why_not_all.empty();
  if (!is_all) {
    log_.warn("{} keys for {} stay here for now: {}", job->batch.keys.size() - job->at, node.name(), why_not_all);
  }
  pauses_.erase(node);
  std::deque<JobRef> ended;
  auto& jobs = jobs_[node];
  const std::size_t count = is_all ? 1 : jobs.size();
  for (std::size_t i = 0; i < count; ++i) {
    ended.push_back(std::move(jobs.front()));
    jobs.pop_front();
  }
  const JobRef next = jobs.empty() ? nullptr : jobs.front();
  if (!next) jobs_.erase(node);
  for (const JobRef& one : ended) one->given(std::span<const HeldKey>(one->batch.keys.data(), one->at), is_all);
  if (next) ping(next);
}

}  // namespace p2p::diststore
