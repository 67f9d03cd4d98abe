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
Drain::~Drain() = default;
RingView::~RingView() = default;
ILocator::~ILocator() = default;

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
