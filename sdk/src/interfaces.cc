// Key functions of the SDK's interfaces: their vtables are compiled here, once, for host and plugins alike.
#include <p2p/drain.h>
#include <p2p/locator.h>
#include <p2p/peers.h>
#include <p2p/plugin.h>
#include <p2p/strand.h>

namespace p2p {

Timer::~Timer() = default;
Strand::~Strand() = default;
WorkerPool::~WorkerPool() = default;
Peers::~Peers() = default;
Context::~Context() = default;
void Context::gauge(const std::string& name, const Labels& labels, std::function<std::int64_t()> read) {
  metrics().show_gauge({name, "", labels}, [read = std::move(read)] { return static_cast<double>(read()); });
}
Drain::~Drain() = default;

RingView::~RingView() = default;
Owner RingView::owner_of(std::string_view key, std::string_view) const { return owner_of(key); }
std::uint64_t RingView::epoch() const noexcept { return 0; }
std::uint32_t RingView::partition_count() const noexcept { return 0; }
std::uint32_t RingView::partition_of(std::string_view) const noexcept { return 0; }
Owner RingView::owner_of_partition(std::uint32_t) const { return {}; }
std::vector<NodeAddress> RingView::copies_of(std::string_view) const { return {}; }

ILocator::~ILocator() = default;
TimePoint ILocator::lease_held_until() const { return TimePoint::max(); }
void ILocator::run_services(std::vector<std::string>, Completion known) { known(); }
Subscription ILocator::hold_partitions(std::string, std::shared_ptr<PartitionHolder>) { return {}; }
void ILocator::compare_maps(PartitionNode) {}
NewestMap ILocator::newest_map() const { return {}; }

PartitionHolder::~PartitionHolder() = default;

RingLayer::~RingLayer() = default;
void RingLayer::add(const NodeAddress&, Next next) { next(); }
void RingLayer::remove(const NodeAddress&, Next next) { next(); }
void RingLayer::cleanup(std::shared_ptr<const RingView>, Next next) { next(); }

Plugin::~Plugin() = default;
Result<Done> Plugin::configure(const Config&) { return Done{}; }
void Plugin::ready(Completion done) { done(); }
void Plugin::drain(Completion done) { done(); }
void Plugin::stop() {}
Result<Reconfigured> Plugin::reconfigure(const Config&) { return Reconfigured::needs_restart; }
Result<Done> Plugin::may_end() { return Done{}; }
Result<Done> Plugin::health() { return Done{}; }
Result<Done> Plugin::fits(const Config&, const NodeInfo&) { return Done{}; }
std::optional<Reconfigured> Plugin::would_reconfigure(const Config&) { return std::nullopt; }

}  // namespace p2p
