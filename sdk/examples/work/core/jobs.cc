#include "core/jobs.h"

#include <p2p/assert.h>

namespace work {
namespace {

// What a job or an entry adds to a message beside its own bytes.
constexpr std::size_t kPieceBytes = 64;

std::size_t bytes_of(const JobName& name, const Job& job) {
  return kPieceBytes + name.key.size() + name.id.size() + job.kind.size() + job.payload.size() + job.text.size();
}

}  // namespace

std::size_t& Jobs::count_of(State state) {
  if (state == State::queued) return counts_.queued;
  return state == State::running ? counts_.running : counts_.ended;
}

Job* Jobs::find_here(const JobName& name) {
  const auto keys = keys_.find(name.key);
  if (keys == keys_.end()) return nullptr;
  const auto job = keys->second.jobs.find(name.id);
  return job == keys->second.jobs.end() ? nullptr : &job->second;
}

const Job* Jobs::find(const JobName& name) const { return const_cast<Jobs*>(this)->find_here(name); }

bool Jobs::submit(const JobName& name, std::string kind, std::string payload) {
  P2P_ASSERT(find(name) == nullptr, "a job is submitted once");
  if (counts_.queued >= limits_.queue_max) return false;
  keys_[name.key].jobs.emplace(name.id, Job{std::move(kind), std::move(payload), State::queued, {}, {}});
  queue_.push_back(name);
  ++counts_.queued;
  return true;
}

std::vector<std::string> Jobs::ledger(const std::string& key) const {
  std::vector<std::string> texts;
  if (const auto keys = keys_.find(key); keys != keys_.end()) {
    for (const auto& [run, text] : keys->second.ledger) texts.push_back(text);
  }
  return texts;
}

std::optional<Jobs::Start> Jobs::start_next(const std::function<bool(const std::string&)>& may_run) {
  if (counts_.running >= limits_.running_max) return std::nullopt;
  for (auto at = queue_.begin(); at != queue_.end();) {
    Job* job = find_here(*at);
    if (job == nullptr || job->state != State::queued) {
      at = queue_.erase(at);
      continue;
    }
    if (!may_run(at->key)) {
      ++at;
      continue;
    }
    Start start{std::move(*at), job->kind, std::exchange(job->payload, {})};
    queue_.erase(at);
    job->state = State::running;
    --counts_.queued;
    ++counts_.running;
    ++keys_.at(start.name.key).running;
    return start;
  }
  return std::nullopt;
}

void Jobs::finish(const JobName& name, Outcome outcome, p2p::TimePoint now) {
  Job* job = find_here(name);
  P2P_ASSERT(job != nullptr && job->state == State::running, "what finishes has been started, and does not move");
  KeyState& keys = keys_.at(name.key);
  if (outcome.is_done && keys.ledger.size() + outcome.entries.size() > limits_.ledger_max) {
    outcome = {false, "the key's ledger is full: ledger_max = " + std::to_string(limits_.ledger_max), {}};
  }
  job->state = outcome.is_done ? State::done : State::failed;
  job->text = std::move(outcome.text);
  job->ended_at = now;
  if (outcome.is_done) {
    for (std::string& entry : outcome.entries) keys.ledger.emplace(next_run_++, std::move(entry));
  }
  --keys.running;
  --counts_.running;
  ++counts_.ended;
  ended_.push_back(name);
  forget_old(now);
}

void Jobs::forget_old(p2p::TimePoint now) {
  while (!ended_.empty()) {
    const Job* oldest = find(ended_.front());
    if (oldest != nullptr && has_ended(oldest->state)) {
      const bool is_old = now - oldest->ended_at >= limits_.results_age;
      if (!is_old && counts_.ended <= limits_.results_max) return;
      drop(ended_.front());
    }
    ended_.pop_front();
  }
}

void Jobs::drop(const JobName& name) {
  const auto keys = keys_.find(name.key);
  if (keys == keys_.end()) return;
  const auto job = keys->second.jobs.find(name.id);
  if (job == keys->second.jobs.end()) return;
  P2P_ASSERT(job->second.state != State::running, "a running job stays until it has ended");
  --count_of(job->second.state);
  keys->second.jobs.erase(job);
  drop_if_empty(name.key);
}

void Jobs::drop_if_empty(const std::string& key) {
  const auto keys = keys_.find(key);
  if (keys != keys_.end() && keys->second.jobs.empty() && keys->second.ledger.empty()) keys_.erase(keys);
}

// --- keys that move --------------------------------------------------------------------------------------------------

std::vector<std::string> Jobs::keys() const {
  std::vector<std::string> all;
  all.reserve(keys_.size());
  for (const auto& [key, keys] : keys_) all.push_back(key);
  return all;
}

bool Jobs::is_busy(const std::string& key) const {
  const auto keys = keys_.find(key);
  return keys != keys_.end() && keys->second.running > 0;
}

void Jobs::copy(const std::string& key, std::size_t bytes_max, Batch& into) const {
  const auto keys = keys_.find(key);
  if (keys == keys_.end()) return;
  const auto fits = [&](std::size_t bytes) {
    if (!into.is_empty() && into.bytes + bytes > bytes_max) return false;
    into.bytes += bytes;
    return true;
  };
  for (const auto& [id, job] : keys->second.jobs) {
    JobName name{key, id};
    if (job.state == State::running) continue;
    if (!fits(bytes_of(name, job))) return;
    into.jobs.emplace_back(std::move(name), job);
  }
  for (const auto& entry : keys->second.ledger) {
    if (!fits(kPieceBytes + key.size() + entry.second.size())) return;
    into.entries.emplace_back(key, entry);
  }
}

void Jobs::remove(const Batch& given) {
  for (const auto& [name, job] : given.jobs) drop(name);
  for (const auto& [key, entry] : given.entries) {
    if (const auto keys = keys_.find(key); keys != keys_.end()) keys->second.ledger.erase(entry.first);
    drop_if_empty(key);
  }
}

void Jobs::take(Batch batch) {
  for (auto& [name, job] : batch.jobs) {
    P2P_ASSERT(job.state != State::running, "a running job does not move");
    if (const Job* here = find(name); here != nullptr) {
      if (here->state != State::queued || job.state == State::queued) continue;
      drop(name);
    }
    (job.state == State::queued ? queue_ : ended_).push_back(name);
    ++count_of(job.state);
    keys_[name.key].jobs.emplace(name.id, std::move(job));
  }
  for (auto& [key, entry] : batch.entries) keys_[key].ledger.insert(std::move(entry));
}

}  // namespace work
