#include "cluster/cluster_load.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <stdexcept>

namespace p2p::bench {

ClusterClient::~ClusterClient() = default;
OperationObserver::~OperationObserver() = default;

namespace {

using Clock = std::chrono::steady_clock;

// Which keys come next? For all clients: in order, each key is asked for once.
class KeySource final {
 public:
  explicit KeySource(const ClusterLoad& load) : load_(load) {}

  // Fills `numbers`; fewer, or none, when there are no more.
  void next(std::vector<std::uint64_t>& numbers) {
    numbers.clear();
    const std::lock_guard hold(mutex_);
    for (; numbers.size() < load_.batch && given_ < load_.keys_max; ++given_) {
      const std::uint64_t turn = load_.order == load::KeyOrder::sequential ? given_ : random_();
      numbers.push_back(load_.keys.at(turn % load_.keys.size()));
    }
  }

 private:
  const ClusterLoad& load_;
  std::mutex mutex_;
  std::uint64_t given_ = 0;
  std::mt19937_64 random_;
};

// Whether anything is still under way, and when something last ended.
class Progress final {
 public:
  void begin(std::size_t clients) {
    const std::lock_guard hold(mutex_);
    running_ = clients;
  }
  void note() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void client_ended() noexcept {
    const std::lock_guard hold(mutex_);
    if (--running_ == 0) all_ended_.notify_all();
  }

  // False when nothing ends for `silence_max`.
  bool wait(std::chrono::nanoseconds silence_max) {
    std::unique_lock hold(mutex_);
    for (std::uint64_t before = count_.load();; before = count_.load()) {
      if (all_ended_.wait_for(hold, silence_max, [this] { return running_ == 0; })) return true;
      if (count_.load() == before) return false;
    }
  }

 private:
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::size_t running_ = 0;
};

// One client and its operations. The mutex is there for the first of them, which another thread begins; from then on
// nobody else wants it.
class Caller final : public OperationObserver {
 public:
  Caller(const ClusterLoad& load, MakeClusterClient make, KeySource& keys, Progress& progress)
      : load_(load), keys_(keys), progress_(progress), operations_(load.depth) {
    client_ = make(load.seed, load.data, load.depth, *this);
  }

  void start(Clock::time_point ends_at) {
    const std::lock_guard hold(mutex_);
    ends_at_ = ends_at;
    for (std::size_t place = 0; place < operations_.size(); ++place) begin(place, Clock::now());
    if (under_way_ == 0) progress_.client_ended();
  }

  void ended(std::size_t place, Ended how) noexcept override {
    const std::lock_guard hold(mutex_);
    const auto now = Clock::now();
    result_.latency.record(static_cast<std::uint64_t>((now - operations_[place].begun_at).count()));
    result_.answered += operations_[place].numbers.size();
    if (how.bad != 0) result_.failures.count(how.verdict, how.words, how.bad);
    progress_.note();
    --under_way_;
    if (now < ends_at_) begin(place, now);
    if (under_way_ == 0) progress_.client_ended();
  }

  // When all has ended.
  void add_to(load::LoadResult& sum) {
    const std::lock_guard hold(mutex_);
    sum.answered += result_.answered;
    sum.latency.add(result_.latency);
    sum.failures.add(result_.failures);
  }

 private:
  struct Operation {
    Clock::time_point begun_at;
    std::vector<std::uint64_t> numbers;
  };

  void begin(std::size_t place, Clock::time_point now) {
    Operation& operation = operations_[place];
    keys_.next(operation.numbers);
    if (operation.numbers.empty()) return;
    operation.begun_at = now;
    ++under_way_;
    client_->begin(load_.verb, operation.numbers, place);
  }

  const ClusterLoad& load_;
  KeySource& keys_;
  Progress& progress_;
  std::mutex mutex_;
  std::vector<Operation> operations_;
  std::size_t under_way_ = 0;
  Clock::time_point ends_at_;
  load::LoadResult result_;
  std::unique_ptr<ClusterClient> client_;  // last: ends before what it tells
};

}  // namespace

load::LoadResult run_cluster_load(const ClusterLoad& load, MakeClusterClient make) {
  KeySource keys(load);
  Progress progress;
  std::vector<std::unique_ptr<Caller>> callers;
  for (std::size_t at = 0; at < load.clients; ++at) {
    callers.push_back(std::make_unique<Caller>(load, make, keys, progress));
  }
  load::LoadResult result;
  progress.begin(callers.size());
  if (load.on_begin) load.on_begin();
  const auto started_at = Clock::now();
  for (auto& caller : callers) caller->start(started_at + load.duration_max);
  if (!progress.wait(load.silence_max)) {
    throw std::runtime_error("no operation has ended for a while: does every node still run?");
  }
  result.elapsed = Clock::now() - started_at;
  if (load.on_end) load.on_end();
  for (auto& caller : callers) caller->add_to(result);
  return result;
}

}  // namespace p2p::bench
