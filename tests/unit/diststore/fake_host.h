// What a store's shell asks of its host, in one thread and on a clock that a test moves: strand, peers, locator, calls.
#pragma once

#include "fake_ring.h"
#include "serving/store.h"

#include <p2p/handlers.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

class FakeStrand final : public Strand {
 public:
  void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }
  std::unique_ptr<Timer> after(Duration delay, std::function<void()> work) override {
    const auto entry = std::make_shared<std::function<void()>>(std::move(work));
    timers_.emplace(now_ + delay, entry);
    return std::make_unique<FakeTimer>(entry);
  }
  std::unique_ptr<Timer> every(Duration, std::function<void()>) override { return nullptr; }
  TimePoint now() const noexcept override { return now_; }
  bool runs_here() const noexcept override { return true; }

  void run_posted() {
    while (!posted_.empty()) {
      const auto work = std::move(posted_.front());
      posted_.pop_front();
      work();
    }
  }
  void advance(Duration by) {
    const TimePoint until = now_ + by;
    run_posted();
    while (!timers_.empty() && timers_.begin()->first <= until) {
      now_ = timers_.begin()->first;
      const auto due = timers_.begin()->second;
      timers_.erase(timers_.begin());
      if (*due) (*due)();
      run_posted();
    }
    now_ = until;
  }

 private:
  class FakeTimer final : public Timer {
   public:
    explicit FakeTimer(std::weak_ptr<std::function<void()>> work) : work_(std::move(work)) {}
    ~FakeTimer() override { FakeTimer::cancel(); }
    void cancel() noexcept override {
      // Not while it runs: the function may be what destroys this timer.
      if (const auto work = work_.lock(); work && work.use_count() == 2) *work = nullptr;
    }

   private:
    std::weak_ptr<std::function<void()>> work_;
  };

  TimePoint now_ = TimePoint(std::chrono::hours(1));
  std::deque<std::function<void()>> posted_;
  std::multimap<TimePoint, std::shared_ptr<std::function<void()>>> timers_;
};

class FakePeers final : public Peers {
 public:
  struct Asked {
    Location to;
    std::string service;
    std::string message;
    std::function<void(Result<std::string>)> done;
  };
  void call(const Location& to, std::string_view service, std::string message, Duration,
            std::function<void(Result<std::string>)> done) override {
    asked.push_back({to, std::string(service), std::move(message), std::move(done)});
  }
  Asked take() {
    Asked first = std::move(asked.front());
    asked.pop_front();
    return first;
  }

  std::deque<Asked> asked;
};

class FakeLocator final : public ILocator {
 public:
  const RingView& view() const override { return *ring; }
  std::shared_ptr<const RingView> shared_view() const override { return ring; }
  Subscription push_layer(int, std::string, std::shared_ptr<RingLayer>) override { return {}; }
  Subscription subscribe(std::string, std::function<void(const RingChange&)>) override { return {}; }
  void join(const Location&) override {}
  void add(const Location&, std::vector<Location>) override {}
  void remove(const Location&, std::vector<Location>) override {}
  void log_view() const override {}
  void report_unreachable(const Location& member) override { unreachable.push_back(member); }
  std::string placement() const override { return "fake"; }
  std::string encode_table() const override { return {}; }
  void merge_table(const Location&, std::string_view) override {}

  std::shared_ptr<const RingView> ring = std::make_shared<FakeRing>(kSelf);
  std::vector<Location> unreachable;
};

class SilentLogger final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// One call, from its encoded arguments to its end. Outlives the Call.
class FakeCall final : public CallState {
 public:
  template <class Args>
  FakeCall(std::string method, const Args& args, TimePoint deadline, std::uint32_t hops = 0)
      : method_(std::move(method)), message_(encode_call(method_, args)), deadline_(deadline) {
    info_.service = "diststore";
    info_.method = method_;
    info_.hops = hops;
  }

  void dispatch(Endpoint& endpoint) {
    endpoint_ = &endpoint;
    std::string name;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec_.in().attach(message_);
    codec_.binary_in().readMessageBegin(name, type, sequence);
    endpoint.handle(Call(this));
  }

  const CallInfo& info() const noexcept override { return info_; }
  Codec& codec() noexcept override { return codec_; }
  void rewind() noexcept override {}
  void finish() noexcept override { reply = codec_.out().written(); }
  void fail(CallFault, std::string_view text) noexcept override { failure = text; }
  void abandon() noexcept override { is_abandoned = true; }
  void forward(const Location& to, Duration, std::function<void(Error, Call)> failed) override {
    forwarded_to.push_back(to);
    forward_failed_ = std::move(failed);
  }
  void disagree() noexcept override { has_disagreed = true; }
  void dispatch_again() override { dispatch(*endpoint_); }
  void keep() override {}
  void expect_no_reply() noexcept override {}
  TimePoint deadline() const noexcept override { return deadline_; }

  void fail_forward(ErrorKind kind) { std::exchange(forward_failed_, nullptr)(Error{kind, "test"}, Call(this)); }
  bool is_forwarding() const { return forward_failed_ != nullptr; }

  std::string reply;
  std::string failure;
  std::vector<Location> forwarded_to;
  bool has_disagreed = false;
  bool is_abandoned = false;

 private:
  std::string method_;
  std::string message_;
  TimePoint deadline_;
  CallInfo info_;
  Codec codec_;
  Endpoint* endpoint_ = nullptr;
  std::function<void(Error, Call)> forward_failed_;
};

// A store without plugin and host around it.
struct StoreFixture {
  StoreFixture() {
    locator = std::make_shared<FakeLocator>();
    strand = std::make_shared<FakeStrand>();
    const StoreOptions options{.key_bytes_max = 64,
                               .value_bytes_max = 5 << 20,
                               .batch_keys_max = 10,
                               .forward_timeout = std::chrono::seconds(1),
                               .transfer_batch_bytes = 100,
                               .transfer_batches_in_flight = 2};
    auto retries = std::make_shared<RetryQueue>(strand);
    store = std::make_shared<Store>(Store{options, "diststore.peer", locator, peers,
                                          std::make_shared<LocalStore>(options, kSelf.name(), 1), retries,
                                          std::make_shared<Router>(log, locator, retries, options.forward_timeout)});
  }
  ~StoreFixture() { store->retries->stop(); }

  void hold(std::string key, std::string value) {
    wire::WriteResult ignored;
    P2P_ASSERT(store->local->write(key, value, ignored), "the store of a test is not sealed yet");
  }
  std::optional<std::string> held(std::string_view key) {
    std::string value;
    Version version;
    if (!store->local->engine().copy(key, value, version)) return std::nullopt;
    return value;
  }
  TimePoint in(Duration duration) const { return strand->now() + duration; }

  SilentLogger log;
  FakePeers peers;
  std::shared_ptr<FakeLocator> locator;
  std::shared_ptr<FakeStrand> strand;
  std::shared_ptr<Store> store;
};

}  // namespace p2p::diststore
