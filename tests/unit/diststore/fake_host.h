// What a store's shell asks of its host, in one thread and on a clock that a test moves: strand, peers, locator, calls.
#pragma once

#include "fake_peers.h"
#include "fake_ring.h"
#include "fake_strand.h"
#include "serving/store.h"

#include <p2p/handlers.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

class FakeLocator final : public ILocator {
 public:
  explicit FakeLocator(Location self) : self_(std::move(self)) {}

  const RingView& view() const override { return *ring; }
  std::shared_ptr<const RingView> shared_view() const override { return ring; }
  std::shared_ptr<const RingView> ring_of(std::vector<Location> members) const override {
    return std::make_shared<RankedRing>(self_, ranks, std::move(members));
  }
  void when_settled(std::function<void()> then) override { settled.push_back(std::move(then)); }
  Subscription push_layer(int, std::string, std::shared_ptr<RingLayer>) override { return {}; }
  Subscription subscribe(std::string, std::function<void(const RingChange&)>) override { return {}; }
  void join(const Location&) override {}
  void add(const Location&, std::vector<Location>) override {}
  void remove(const Location&, std::vector<Location>) override {}
  void log_view() const override {}
  void report_unreachable(const Location& member) override { unreachable.push_back(member); }
  std::string placement() const override { return "fake"; }
  std::string encode_table() const override { return "table of " + self_.name(); }
  void merge_table(const Location& from, std::string_view table) override { merged.emplace_back(from, table); }

  Ranks ranks;  // of ring_of()
  std::shared_ptr<const RingView> ring = std::make_shared<FakeRing>(kSelf);
  std::vector<std::function<void()>> settled;
  std::vector<Location> unreachable;
  std::vector<std::pair<Location, std::string>> merged;

 private:
  const Location self_;
};

class KeptLog final : public Logger {
 public:
  bool has(LogLevel level, std::string_view part) const {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) {
      return line.first == level && line.second.find(part) != std::string::npos;
    });
  }
  std::vector<std::pair<LogLevel, std::string>> lines;

 protected:
  void write(LogLevel level, std::string_view line) noexcept override { lines.emplace_back(level, line); }
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
  void fail(CallFault why, std::string_view text) noexcept override {
    fault = why;
    failure = text;
  }
  void abandon() noexcept override { is_abandoned = true; }
  void forward(const Location& to, Duration, std::function<void(Error, Call)> failed) override {
    forwarded_to.push_back(to);
    forward_failed_ = std::move(failed);
  }
  void disagree() noexcept override { has_disagreed = true; }
  void dispatch_again() override {
    ++dispatched_again;
    if (before_dispatch_again) before_dispatch_again();
    dispatch(*endpoint_);
  }
  void keep() override { is_kept = true; }
  void expect_no_reply() noexcept override {}
  TimePoint deadline() const noexcept override { return deadline_; }
  void note_unknown_outcome() noexcept override { is_outcome_unknown = true; }
  bool has_unknown_outcome() const noexcept override { return is_outcome_unknown; }

  void fail_forward(ErrorKind kind) {
    is_outcome_unknown = is_outcome_unknown || may_have_run(kind);
    std::exchange(forward_failed_, nullptr)(Error{kind, "test"}, Call(this));
  }
  // As the host ends what it has not sent.
  void fail_unsent(ErrorKind kind) { std::exchange(forward_failed_, nullptr)(Error{kind, "test"}, Call(this)); }
  bool is_forwarding() const { return forward_failed_ != nullptr; }

  std::string reply;
  std::string failure;
  std::optional<CallFault> fault;
  std::vector<Location> forwarded_to;
  int dispatched_again = 0;
  std::function<void()> before_dispatch_again;
  bool has_disagreed = false;
  bool is_outcome_unknown = false;
  bool is_abandoned = false;
  bool is_kept = false;

 private:
  std::string method_;
  std::string message_;
  TimePoint deadline_;
  CallInfo info_;
  Codec codec_;
  Endpoint* endpoint_ = nullptr;
  std::function<void(Error, Call)> forward_failed_;
};

// A store without plugin and host around it. It is a member of its network, owns every key, and awaits none, until the
// test says otherwise.
struct StoreFixture {
  explicit StoreFixture(const Location& self = kSelf) {
    locator = std::make_shared<FakeLocator>(self);
    strand = std::make_shared<FakeStrand>();
    const StoreOptions options{.key_bytes_max = 64,
                               .value_bytes_max = 5 << 20,
                               .batch_keys_max = 10,
                               .forward_timeout = std::chrono::seconds(1),
                               .transfer_batch_bytes = 100,
                               .transfer_batches_in_flight = 2,
                               .tombstone_grace = std::chrono::minutes(1),
                               .tombstones_max = 5,
                               .item_bytes_max = 10 << 20,
                               .batch_reply_bytes_max = 12 << 20,
                               .part_reply_bytes_max = 4 << 20,
                               .whole_reply_bytes_max = 16 << 20};
    auto retries = std::make_shared<RetryQueue>(strand);
    auto classics = std::make_shared<ClassicPeers>(peers);
    auto first = std::make_shared<const Standing>(Standing{self, 0, true, locator->ring, {}, {}});
    store = std::make_shared<Store>(
        Store{options, self, "diststore.peer", locator, peers, std::make_shared<LocalStore>(options, self.name(), 1),
              retries, std::make_shared<Router>(log, locator, retries, classics, options.forward_timeout),
              std::make_shared<Snapshot<Standing>>(std::move(first)), classics});
    work_by(locator->ring);
  }
  ~StoreFixture() { store->retries->stop(); }

  // The store takes over a ring as RingWatch does: fence, then standing. What it stands for otherwise stays as it was.
  void work_by(std::shared_ptr<const RingView> ring) {
    const auto former = store->standing->share();
    Standing next = *former;
    if (next.era++ > 0) next.former_rings.insert(next.former_rings.begin(), next.ring);
    next.ring = std::move(ring);
    store->local->engine().fence(next.era);
    publish(std::move(next));
  }
  void own(Location rest, std::map<std::string, Location, std::less<>> owners = {}, std::uint64_t fingerprint = 7) {
    locator->ring = std::make_shared<FakeRing>(std::move(rest), std::move(owners), fingerprint);
    work_by(locator->ring);
  }
  void be_established(bool is_established) {
    Standing next = *store->standing->share();
    next.is_established = is_established;
    publish(std::move(next));
  }
  // Every key became this node's own in `from`, and may still lie at `sources`.
  void await_keys(Era from, std::vector<Location> sources) {
    Standing next = *store->standing->share();
    next.gains = {{from, locator->ring_of({}), true, std::move(sources)}};
    publish(std::move(next));
  }
  void await_no_keys() {
    Standing next = *store->standing->share();
    next.gains.clear();
    publish(std::move(next));
  }
  void publish(Standing next) { store->standing->publish(std::make_shared<const Standing>(std::move(next))); }
  Era era() const { return store->standing->share()->era; }

  void hold(std::string key, std::string value) {
    wire::WriteResult ignored;
    P2P_ASSERT(store->local->write(key, value, {era(), kNeverSettled}, ignored) == Outcome::done, "the era is right");
  }
  // What another node wrote, whoever it belongs to.
  void hold(std::string key, std::string value, Version version, bool is_erased = false) {
    Held item{std::move(value), version, is_erased, kNeverSettled};
    std::uint64_t ignored = 0;
    P2P_ASSERT(store->local->engine().merge(key, item, era(), false, ignored) == MergeOutcome::stored, "it is newer");
  }
  void erase(std::string_view key) {
    wire::EraseResult ignored;
    P2P_ASSERT(store->local->erase(key, {era(), kNeverSettled}, ignored) == Outcome::done, "there is a value");
  }
  std::optional<std::string> held(std::string_view key) {
    const auto found = store->local->engine().copy(key);
    if (!found || found->is_erased) return std::nullopt;
    return found->value;
  }
  TimePoint in(Duration duration) const { return strand->now() + duration; }

  KeptLog log;
  FakePeers peers;
  std::shared_ptr<FakeLocator> locator;
  std::shared_ptr<FakeStrand> strand;
  std::shared_ptr<Store> store;
};

}  // namespace p2p::diststore
