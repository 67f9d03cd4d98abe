// What a store's shell asks of its host, in one thread and on a clock that a test moves: strand, peers, locator, calls.
#pragma once

#include "classic/classic_keys.h"
#include "classic/classic_routing.h"
#include "classic/classic_scans.h"
#include "engine/memory/memory_engine.h"
#include "fake_call.h"
#include "fake_peers.h"
#include "fake_ring.h"
#include "fake_strand.h"
#include "serving/store.h"

#include <p2p/handlers.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

using retry::kLongPause;
using retry::kShortPause;
using retry::kWaitingMax;

inline constexpr std::uint64_t kEngineNumber = 11;  // in cursors of scans

class FakeLocator final : public ILocator {
 public:
  explicit FakeLocator(NodeAddress self) : self_(std::move(self)) {}

  const RingView& view() const override { return *ring; }
  std::shared_ptr<const RingView> shared_view() const override { return ring; }
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress> members) const override {
    return std::make_shared<RankedRing>(self_, ranks, std::move(members));
  }
  void when_joined(std::function<void()> then) override { confirmed.push_back(std::move(then)); }
  Subscription push_layer(int, std::string, std::shared_ptr<RingLayer>) override { return {}; }
  Subscription subscribe(std::string, std::function<void(const RingChange&)>) override { return {}; }
  void join(const NodeAddress&) override {}
  void add(const NodeAddress&, std::vector<NodeAddress>) override {}
  void remove(const NodeAddress&, std::vector<NodeAddress>) override {}
  void log_view() const override {}
  void report_unreachable(const NodeAddress& member) override { unreachable.push_back(member); }
  std::string placement() const override { return "fake"; }
  std::string encode_table() const override { return "table of " + self_.name(); }
  void merge_table(const NodeAddress& from, std::string_view table) override { merged.emplace_back(from, table); }

  Ranks ranks;  // of ring_of()
  std::shared_ptr<const RingView> ring = std::make_shared<FakeRing>(kSelf);
  std::vector<std::function<void()>> confirmed;
  std::vector<NodeAddress> unreachable;
  std::vector<std::pair<NodeAddress, std::string>> merged;

 private:
  const NodeAddress self_;
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

// A store in classic mode, without plugin and host around it. It is a member of its network, owns every key, and awaits
// none, until the test says otherwise.
struct StoreFixture {
  explicit StoreFixture(const NodeAddress& self = kSelf,
                        std::unique_ptr<Engine> engine = std::make_unique<MemoryEngine>(1)) {
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
    auto classics = std::make_shared<ClassicPeers>(peers, strand);
    auto first = std::make_shared<const OwnershipSnapshot>(OwnershipSnapshot{self, 0, true, locator->ring, {}, {}});
    const StoreParts parts{options,
                           self,
                           "diststore.peer",
                           peers,
                           retries,
                           make_store_forwarder(log, locator, retries, options.forward_timeout,
                                                [classics](const NodeAddress& node) { classics->remember(node); })};
    classic = std::make_shared<ClassicStore>(
        ClassicStore{parts, std::make_shared<LocalStore>(self.name(), std::move(engine)), locator, classics,
                     std::make_shared<Snapshot<OwnershipSnapshot>>(std::move(first))});
    store = std::make_shared<Store>(
        Store{parts, std::make_shared<ClassicRouting>(classic), std::make_shared<ClassicKeys>(classic),
              std::make_shared<ClassicScans>(classic, kEngineNumber, [this](ViewVersion) { return has_given_all; })});
    work_by(locator->ring);
  }
  ~StoreFixture() {
    store->retries->check();
    store->retries->stop();
    store->retries->check();
  }

  // The store takes over a ring as RingWatch does: fence, then ownership snapshot. What it stands for otherwise stays
  // as it was.
  void work_by(std::shared_ptr<const RingView> ring) {
    const auto former = classic->ownership->share();
    OwnershipSnapshot next = *former;
    if (next.view_version++ > 0) next.former_rings.insert(next.former_rings.begin(), next.ring);
    next.ring = std::move(ring);
    classic->local->engine().fence(next.view_version);
    publish(std::move(next));
  }
  void own(NodeAddress rest, std::map<std::string, NodeAddress, std::less<>> owners = {},
           std::uint64_t fingerprint = 7) {
    locator->ring = std::make_shared<FakeRing>(std::move(rest), std::move(owners), fingerprint);
    work_by(locator->ring);
  }
  void be_established(bool is_established) {
    OwnershipSnapshot next = *classic->ownership->share();
    next.is_established = is_established;
    publish(std::move(next));
  }
  // Every key became this node's own in `from`, and may still lie at `sources`.
  void await_keys(ViewVersion from, std::vector<NodeAddress> sources) {
    OwnershipSnapshot next = *classic->ownership->share();
    next.acquired_ranges = {{from, locator->ring_of({}), true, std::move(sources)}};
    publish(std::move(next));
  }
  void await_no_keys() {
    OwnershipSnapshot next = *classic->ownership->share();
    next.acquired_ranges.clear();
    publish(std::move(next));
  }
  void publish(OwnershipSnapshot next) {
    classic->ownership->publish(std::make_shared<const OwnershipSnapshot>(std::move(next)));
  }
  ViewVersion view_version() const { return classic->ownership->share()->view_version; }

  void hold(std::string key, std::string value) {
    wire::WriteResult ignored;
    const auto outcome = classic->local->write(key, value, {view_version(), kNeverConfirmed}, ignored);
    P2P_ASSERT(outcome.value() == Outcome::done, "the view version is right");
  }
  // What another node wrote, whoever it belongs to.
  void hold(std::string key, std::string value, Version version, bool is_erased = false) {
    StoredEntry item{std::move(value), version, is_erased, kNeverConfirmed};
    const auto outcome = classic->local->engine().apply_one(Change::merge(key, item, view_version(), false));
    P2P_ASSERT(outcome.value() == Outcome::done, "it is newer");
  }
  void erase(std::string_view key) {
    wire::EraseResult ignored;
    const auto outcome = classic->local->erase(key, {view_version(), kNeverConfirmed}, ignored);
    P2P_ASSERT(outcome.value() == Outcome::done, "there is a value");
  }
  // As the rebalancer does when it is confirmed. False: it is gone, or another one.
  bool remove(std::string_view key, Version version) {
    return classic->local->engine().apply_one(Change::remove(key, version)).value() == Outcome::done;
  }
  // What lies here, by whatever right.
  std::optional<StoredEntry> stored(std::string_view key) const { return classic->local->engine().copy(key).value(); }
  std::optional<std::string> value_of(std::string_view key) const {
    const auto found = stored(key);
    if (!found || found->is_erased) return std::nullopt;
    return found->value;
  }
  TimePoint in(Duration duration) const { return strand->now() + duration; }

  KeptLog log;
  FakePeers peers;
  std::shared_ptr<FakeLocator> locator;
  std::shared_ptr<FakeStrand> strand;
  std::shared_ptr<ClassicStore> classic;
  std::shared_ptr<Store> store;
  bool has_given_all = true;
};

}  // namespace p2p::diststore
