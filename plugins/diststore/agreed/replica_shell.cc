#include "agreed/replica_shell.h"

#include "replication/fill_scan.h"
#include "serving/random_number.h"
#include "serving/wall_clock.h"

#include <p2p/assert.h>
#include <p2p/thread_check.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <future>

namespace p2p::diststore::agreed {

using replication::Moment;
using replication::RequestId;
using replication::Verdict;

namespace {

// Longer than any run takes; after it the host's loops are gone, and nothing will run anyway.
constexpr Duration kHaltPatience = std::chrono::seconds(2);

// Without memory of its own: there may be none.
[[noreturn]] void end_process(const char* what) noexcept {
  std::array<char, 256> why;
  std::snprintf(why.data(), why.size(), "no exception in what the store's strand does, but it is: %s", what);
  assertion_failed(why.data(), __FILE__, __LINE__);
}

std::string text_of(const replication::MemoryUse& memory) {
  constexpr double kMiB = 1 << 20;
  return fmt::format("{:.1f} of {:.1f} MiB", static_cast<double>(memory.used) / kMiB,
                     static_cast<double>(memory.max) / kMiB);
}

// For what cannot be half done.
template <class Work>
void do_or_end(Work work) noexcept {
  try {
    work();
  } catch (const std::exception& failure) {
    end_process(failure.what());
  } catch (...) {
    end_process("of an unknown type");
  }
}

}  // namespace

ReplicaShell::ReplicaShell(Environment environment, std::shared_ptr<Engine> engine, const ReplicaShellOptions& options)
    : environment_(std::move(environment)),
      part_(environment_.service + "." + kPart),
      engine_(std::move(engine)),
      options_(options),
      replicas_(std::make_unique<replication::Replicas>(*engine_, options.replication)),
      links_(options.queue_bytes_max, environment_.draw),
      known_(kPartitions) {
  gate_.store(&replicas_->gate(), std::memory_order_release);
  copies_.store(&replicas_->copies(), std::memory_order_release);
}

ReplicaShell::~ReplicaShell() = default;

void ReplicaShell::start() {
  subscription_ = environment_.locator->hold_partitions(environment_.service, shared_from_this());
}

void ReplicaShell::when_established(Completion done) { push(Establish{std::move(done)}); }

// The strand of a host whose start has failed may never run, and nothing has to be waited for then. The locator loses
// its holder when nothing is served any more: it takes that for a consent.
void ReplicaShell::stop() {
  push(Halt{});
  if (environment_.strand->is_current()) {
    run();
  } else if (has_run_.load()) {
    auto ended = std::make_shared<std::promise<void>>();
    auto waiting = ended->get_future();
    environment_.strand->post([ended] { ended->set_value(); });
    if (waiting.wait_for(kHaltPatience) != std::future_status::ready)
      environment_.log.warn("the strand of the replicas did not stop in time");
  }
  subscription_.reset();
}

// --- what waits for the strand ---------------------------------------------------------------------------------------

void ReplicaShell::write(Partition partition, std::shared_ptr<replication::Batch> batch, Done done) {
  push(Request{.partition = partition, .batch = std::move(batch), .announced_at = &gate(), .done = std::move(done)});
}

void ReplicaShell::read(Partition partition, std::string key, replication::KeyHash hash, Done done) {
  push(Request{.partition = partition, .key = std::move(key), .hash = hash, .done = std::move(done)});
}

void ReplicaShell::settle(Partition partition, Done done) {
  push(Request{.partition = partition, .settles = true, .done = std::move(done)});
}

void ReplicaShell::push(Request request) {
  {
    const std::scoped_lock lock(inbox_mutex_);
    const Request& added = inbox_.requests.emplace_back(std::move(request));
    // Before the caller goes on: the next call on its connection may be a read of the key, which needs no strand.
    if (added.batch != nullptr) added.announced_at->announce(*added.batch);
    if (std::exchange(inbox_.is_posted, true)) return;
  }
  post_run();
}

// One that is lost is waited for, for ever.
void ReplicaShell::push(Event event) {
  bool is_posted = false;
  do_or_end([&] {
    const std::scoped_lock lock(inbox_mutex_);
    inbox_.events.push_back(std::move(event));
    is_posted = std::exchange(inbox_.is_posted, true);
  });
  if (!is_posted) post_run();
}

void ReplicaShell::post_run() {
  do_or_end([this] {
    environment_.strand->post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->run();
    });
  });
}

Moment ReplicaShell::moment() const { return {environment_.strand->now(), lease_held_until(), wall_now()}; }

void ReplicaShell::run() {
  P2P_ASSERT_THREAD(environment_.strand->is_current());
  has_run_.store(true, std::memory_order_relaxed);
  do_or_end([this] { take_all(); });
}

// All that has come until now.
void ReplicaShell::take_all() {
  {
    const std::scoped_lock lock(inbox_mutex_);
    std::swap(inbox_.events, taken_.events);
    std::swap(inbox_.requests, taken_.requests);
    inbox_.is_posted = false;
  }
  const Moment now = moment();
  for (Event& event : taken_.events) std::visit([&](auto& one) { on(one, now); }, event);
  taken_.events.clear();
  start_requests(now);
  work(now);
}

void ReplicaShell::start_requests(Moment moment) {
  for (Request& request : taken_.requests) {
    const RequestId id = keep(std::move(request.done));
    if (is_halted_.load(std::memory_order_relaxed))
      answers_.push_back({.request = id, .verdict = Verdict::refused, .partition = request.partition});
    else if (request.batch != nullptr)
      start_write(request, id, moment);
    else if (request.settles)
      replicas_->settle(request.partition, id, moment, effects_);
    else
      replicas_->read(request.partition, request.key, request.hash, id, moment, effects_);
  }
  taken_.requests.clear();
}

void ReplicaShell::start_write(Request& request, RequestId id, Moment moment) {
  const auto batch = std::move(request.batch);
  replicas_->write(request.partition, batch, id, moment, effects_);
  request.announced_at->withdraw(*batch);  // it is under way by now, or refused
}

RequestId ReplicaShell::keep(Done done) {
  waiting_calls_.fetch_add(1, std::memory_order_relaxed);
  if (free_.empty()) {
    waiting_.push_back(std::move(done));
    return waiting_.size();
  }
  const RequestId id = free_.back();
  free_.pop_back();
  waiting_[id - 1] = std::move(done);
  return id;
}

// --- a run's end -----------------------------------------------------------------------------------------------------

// In the order of Effects: sends, scans, syncs, answers.
void ReplicaShell::work(Moment moment) {
  if (!is_halted_.load(std::memory_order_relaxed)) {
    scan();
    if (moment.now >= replicas_->next_wakeup()) {
      replicas_->tick(moment, effects_);
      publish_reports(moment.now);
    }
    replicas_->flush(moment, effects_);
    obey(moment.now);
    links_.pump(moment.now, link_effects_);
    heed_links(moment);
    sessions_.flush(moment.now, session_effects_);
    heed_sessions(moment);
    obey(moment.now);
    consents_.decide(
        [this](Partition partition, replication::Epoch term) { return replicas_->try_consent(partition, term); });
  }
  make_calls();
  reply();
  answer_clients();
  set_alarm();
}

void ReplicaShell::scan() {
  for (std::size_t done = 0; done < kScansInRunMax && !scans_.empty(); ++done) {
    const replication::Scan wanted = std::move(scans_.front());
    scans_.pop_front();
    auto found = scan_for_fill(*engine_, wanted);
    // What the engine says when it fails is noted by the next write; the learner is filled anew then.
    if (found.ok()) replicas_->on_scanned(std::move(found).value(), effects_);
  }
}

void ReplicaShell::obey(TimePoint now) {
  P2P_ASSERT(effects_.sync == 0, "an engine in memory has nothing to sync");
  for (replication::Effects::Send& send : effects_.sends) {
    if (is_from_copy(send.message))
      sessions_.answer(send.to, std::move(send.message));
    else
      links_.send(send.to, std::move(send.message));
  }
  for (replication::Scan& one : effects_.scans) scans_.push_back(std::move(one));
  std::move(effects_.answers.begin(), effects_.answers.end(), std::back_inserter(answers_));
  for (const replication::Node node : effects_.maps_wanted) compare_maps(node, now);
  for (const replication::Node node : effects_.maps_told) compare_maps(node, now);
  for (const replication::Node node : effects_.hang_ups) sessions_.hang_up(node, session_effects_);
  effects_.clear();
}

void ReplicaShell::answer_clients() {
  if (!held_back_.empty()) {
    std::move(answers_.begin(), answers_.end(), std::back_inserter(held_back_));
    answers_ = std::exchange(held_back_, {});
  }
  if (answers_.empty()) return;
  const Moment now = moment();
  for (replication::Answer& answer : answers_) {
    if (answer.request == replication::kNoRequest) continue;
    if (replicas_->waits_for_lease(answer, now)) {
      held_back_.push_back(std::move(answer));
      continue;
    }
    answer.verdict = replicas_->verdict_now(answer, now);
    if (answer.verdict == Verdict::full) answer.why = text_of_full(answer);
    const Done done = std::exchange(waiting_[answer.request - 1], nullptr);
    free_.push_back(answer.request);
    waiting_calls_.fetch_sub(1, std::memory_order_relaxed);
    tell(done, answer);
  }
  answers_.clear();
}

// The cores have done their part by now: nothing of them depends on what becomes of the answer.
void ReplicaShell::tell(const Done& done, const replication::Answer& answer) {
  try {
    done(answer);
  } catch (const std::exception& failure) {
    environment_.log.error("a call for partition {} could not be answered: {}", answer.partition, failure.what());
  } catch (...) {
    environment_.log.error("a call for partition {} could not be answered: what was thrown is no std::exception",
                           answer.partition);
  }
}

void ReplicaShell::publish_reports(TimePoint now) {
  const auto published = [](const std::vector<replication::CopyReport>& from) {
    std::vector<PartitionReport> all;
    all.reserve(from.size());
    for (const replication::CopyReport& one : from)
      all.push_back({.partition = one.partition, .copy = one.copy, .term = one.term, .since = one.since});
    return all;
  };
  auto filled = published(replicas_->filled());
  auto failed = published(replicas_->failed(now));
  const std::scoped_lock lock(published_mutex_);
  filled_ = std::move(filled);
  failed_ = std::move(failed);
}

// Said when it is reached, and when it is left again after that was said.
void ReplicaShell::note_memory(TimePoint now) {
  const replication::MemoryLimit& memory = replicas_->memory();
  takes_copies_.store(memory.takes_copies(), std::memory_order_relaxed);
  const bool is_full = memory.full().has_value();
  if (std::exchange(was_full_, is_full) == is_full) return;
  const std::string use = text_of(memory.use());
  if (!is_full && std::exchange(said_full_, false))
    environment_.log.warn("memory_max is no longer reached: {} are used; writes go on", use);
  if (!is_full) return;
  const auto unsaid = warnings_.due("memory_max", now);
  if (!unsaid) return;
  said_full_ = true;
  environment_.log.warn(
      "memory_max is reached: {} are used, and the rest is for what is under way; writes that store more are refused, "
      "and no further copies are taken, until something is erased ({} more)",
      use, *unsaid);
}

// Whose memory it is, and how full.
std::string ReplicaShell::text_of_full(const replication::Answer& answer) const {
  const auto self = numbers_.find(self_);
  const replication::Node of_self = self == numbers_.end() ? replication::kNoNode : self->second;
  const replication::Node node = answer.full_node == replication::kNoNode ? of_self : answer.full_node;
  return fmt::format(
      "memory_max: at {} {} are used, and the rest is for what is under way; erase something, or raise memory_max",
      node < members_.size() ? members_[node].address.name() : "this node", text_of(answer.memory));
}

void ReplicaShell::set_alarm() {
  if (is_halted_.load(std::memory_order_relaxed)) return;
  note_memory(environment_.strand->now());
  queued_bytes_.store(static_cast<std::int64_t>(links_.queued_bytes()), std::memory_order_relaxed);
  key_log_bytes_.store(static_cast<std::int64_t>(replicas_->key_log_bytes()), std::memory_order_relaxed);
  operations_bytes_.store(static_cast<std::int64_t>(replicas_->operations_bytes()), std::memory_order_relaxed);
  expired_keys_.store(expired_before_ + static_cast<std::int64_t>(replicas_->expired_keys()),
                      std::memory_order_relaxed);
  const TimePoint now = environment_.strand->now();
  const TimePoint look = held_back_.empty() ? TimePoint::max() : now + kLookForLeaseEvery;
  const TimePoint wanted =
      scans_.empty() ? std::min({look, replicas_->next_wakeup(), links_.next_wakeup(), sessions_.next_wakeup()})
                     : TimePoint::min();
  if (wanted >= alarm_at_) return;
  alarm_at_ = wanted;
  const Duration delay = wanted > now ? wanted - now : Duration::zero();
  alarm_ = environment_.strand->after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->alarm_at_ = TimePoint::max();
    self->run();
  });
}

void ReplicaShell::halt() {
  if (is_halted_.load(std::memory_order_relaxed)) return;
  end_all_roles(moment());
  std::move(effects_.answers.begin(), effects_.answers.end(), std::back_inserter(answers_));
  effects_.clear();
  is_halted_.store(true, std::memory_order_relaxed);
  scans_.clear();
  link_effects_.clear();
  establishing_.clear();
  alarm_.reset();
  consents_.clear();
  const std::scoped_lock lock(published_mutex_);
  filled_.clear();
  failed_.clear();
}

// --- how it is made --------------------------------------------------------------------------------------------------

Result<p2p::Done> ReplicaShell::start(Context& context) {
  const auto methods = std::make_shared<Methods>();
  add_methods(*methods);
  const ServiceSpec for_stores{
      .idl = kIdl, .extends = {}, .dispatch = Dispatch::io, .concurrent = false, .part = kPart, .nodes_only = true};
  if (auto served = context.serve(for_stores, methods); !served.ok()) return served;
  start();
  return p2p::Done{};
}

Result<p2p::Done> ReplicaShell::may_end() const {
  const std::uint64_t keys = engine_->totals().keys;
  if (keys == 0 || !has_copies()) return p2p::Done{};
  if (hands_over_.load(std::memory_order_relaxed))
    return Error{ErrorKind::invalid,
                 fmt::format("other nodes have not taken all of its {} keys yet; try again when p2pctl map shows all "
                             "copies in sync",
                             keys)};
  if (holders_.load(std::memory_order_relaxed) > 1) return p2p::Done{};
  return Error{ErrorKind::invalid,
               fmt::format("it holds the only copies of {} keys, which no other node could take: they would be lost; "
                           "start another node with the store first",
                           keys)};
}

namespace {

// What may be on its way to a node when it says that it is full: from each of the nodes that it has copies of no more
// than may wait for it there, and that of a few at once (docs/decisions/0041).
constexpr std::uint64_t kHeadroomQueues = 4;
// Of memory_max, at most.
constexpr std::uint64_t kHeadroomPart = 8;

ReplicaShellOptions read_replica_options(const Config& config, std::uint64_t memory_bytes_max) {
  ReplicaShellOptions options;
  options.replication.key_log_bytes_max = static_cast<std::size_t>(config.bytes("key_log_bytes_max"));
  options.queue_bytes_max = static_cast<std::size_t>(config.bytes("replication_queue_bytes_max"));
  options.replication.memory = {
      .max = memory_bytes_max,
      .headroom = std::min(memory_bytes_max / kHeadroomPart, kHeadroomQueues * options.queue_bytes_max)};
  return options;
}

}  // namespace

std::shared_ptr<ReplicaShell> make_replica_shell(Context& context, std::shared_ptr<Engine> engine,
                                                 std::shared_ptr<ILocator> locator, std::uint64_t memory_bytes_max) {
  auto shell = std::make_shared<ReplicaShell>(
      ReplicaShell::Environment{.strand = context.strand("replicas"),
                                .peers = context.peers(),
                                .log = context.log(),
                                .locator = std::move(locator),
                                .service = context.service_name(),
                                .draw = [] { return std::max<SessionId>(1, random_number()); },
                                .wall_clock = wall_clock_ms},
      std::move(engine), read_replica_options(context.config(), memory_bytes_max));
  const auto counted = [&](const std::string& role, std::int64_t ReplicaShell::Counts::*number) {
    context.metrics().show_gauge(
        {"partitions", "Partitions of which this node has a copy, by its role.", {{"role", role}}},
        [shell, number] { return static_cast<double>(shell->counts().*number); });
  };
  counted("primary", &ReplicaShell::Counts::primary);
  counted("in_sync", &ReplicaShell::Counts::in_sync);
  counted("learner", &ReplicaShell::Counts::learner);
  Metrics& metrics = context.metrics();
  const auto shown = [&](const char* name, const char* help, auto read) {
    metrics.show_gauge({name, help}, [read] { return static_cast<double>(read()); });
  };
  shown("fills", "Learners elsewhere that this node fills.", [shell] { return shell->counts().filling; });
  shown("waiting_calls", "Calls that wait for copies.", [shell] { return shell->waiting_calls(); });
  shown("memory_max_bytes", "Memory that values may take; 0: no limit.",
        [memory_bytes_max] { return memory_bytes_max; });
  shown("replication_queue_bytes", "Bytes that wait to be sent to other copies.",
        [shell] { return shell->queued_bytes(); });
  shown("key_log_bytes", "Memory of the logs of keys, for copies that were out for a while.",
        [shell] { return shell->key_log_bytes(); });
  shown("operations_bytes", "Memory of the names of clients' last writes.",
        [shell] { return shell->operations_bytes(); });
  metrics.show_counter({"expired_keys_total", "Keys that this node has erased because their values had expired."},
                       [shell] { return static_cast<double>(shell->expired_keys()); });
  return shell;
}

}  // namespace p2p::diststore::agreed
