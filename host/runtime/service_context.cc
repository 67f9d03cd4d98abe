#include "runtime/service_context.h"

#include "crash/alternate_stack.h"
#include "runtime/host_logger.h"

#include <pthread.h>

#include <algorithm>
#include <stdexcept>

namespace p2p::host {
namespace {

// Linux keeps 15 characters of a thread's name.
constexpr std::size_t kThreadNameMax = 15;

bool lists(const std::vector<std::string>& ids, const char* id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

ServiceContext::ServiceContext(NodeCore& core, const ServiceConfig& service, const PluginDescription& plugin,
                               LogLevel log_level)
    : core_(core),
      service_(service),
      plugin_(plugin),
      log_(make_logger(service.name, log_level, core.hooks.log)),
      peers_(core.peers, core.server.first_loop()),
      pool_(core.pool),
      metrics_(plugin.name, service.name, core.server.loops().size() + 1, *log_) {
  core_.metrics.add(metrics_);
}

ServiceContext::~ServiceContext() { release(); }

Result<Done> ServiceContext::serve(ServiceSpec spec, std::shared_ptr<Endpoint> endpoint) {
  const std::string name = spec.part.empty() ? service_.name : service_.name + '.' + spec.part;
  ServiceRouter& router = spec.part == kAdminPart ? core_.admin_router : core_.router;
  auto entry = router.serve(name, service_.name, std::move(spec), std::move(endpoint), core_.server.loops().size());
  if (!entry.ok()) return entry.error();
  entries_.push_back(std::move(entry).value());
  return Done{};
}

std::shared_ptr<Strand> ServiceContext::strand(const std::string& name) {
  // Strands are dealt over the loops, so that one service's timers do not all share a thread with the acceptor.
  auto& loops = core_.server.loops();
  strands_.push_back(std::make_shared<LoopStrand>(*loops[strands_.size() % loops.size()], *log_));
  if (core_.hooks.lendings) core_.hooks.lendings->note(service_.name, "its strand " + name, strands_.back());
  return strands_.back();
}

void ServiceContext::spawn(const std::string& name, std::function<void(std::stop_token)> body) {
  const std::string thread_name = ("p2p:" + service_.name + '/' + name).substr(0, kThreadNameMax);
  threads_.emplace_back([this, thread_name, body = std::move(body)](std::stop_token asked_to_stop) {
    const AlternateStack stack_for_signals;
    pthread_setname_np(pthread_self(), thread_name.c_str());
    try {
      body(asked_to_stop);
    } catch (const std::exception& failure) {
      log_->error("an exception ended the thread {}: {}", thread_name, failure.what());
    } catch (...) {
      log_->error("an exception of unknown type ended the thread {}", thread_name);
    }
  });
}

void ServiceContext::request_leave(const std::string& why) { core_.request_leave(service_.name + ": " + why); }

void ServiceContext::request_end(const Error& why) {
  core_.request_end({why.kind, "service " + service_.name + " has failed: " + why.text});
}

void ServiceContext::waits_for_network(const std::string& why) {
  const std::lock_guard hold(wait_mutex_);
  network_wait_ = why;
}

std::string ServiceContext::network_wait() const {
  const std::lock_guard hold(wait_mutex_);
  return network_wait_;
}

Result<Done> ServiceContext::provide_any(const char* id, std::shared_ptr<void> service) {
  if (!lists(plugin_.provides, id)) {
    throw std::logic_error("plugin '" + plugin_.name + "' provides '" + id +
                           "', which its descriptor does not list; add P2P_PROVIDES");
  }
  return core_.registry.provide(id, service_.name, this, std::move(service));
}

std::shared_ptr<void> ServiceContext::lookup(const char* id, bool required) {
  if (std::string_view(id) == Drain::kId) return std::static_pointer_cast<Drain>(drain_);
  if (!lists(required ? plugin_.required : plugin_.optional, id)) {
    throw std::logic_error("plugin '" + plugin_.name + "' asks for '" + id +
                           "', which its descriptor does not list; add " +
                           (required ? "P2P_REQUIRES" : "P2P_OPTIONAL"));
  }
  auto service = core_.registry.find(id);
  if (required && !service) {
    throw std::logic_error(std::string("nobody provides '") + id + "' although the start order promised it");
  }
  if (!service) return nullptr;
  auto lent = lent_.lend(service_.name, id, std::move(service));
  if (core_.hooks.lendings) core_.hooks.lendings->note(service_.name, id, lent);
  return lent;
}

void ServiceContext::close_ways_out() {
  pool_.close();
  peers_.close();
}

void ServiceContext::report_lent() {
  for (const std::string& line : lent_.still_held()) log_->warn("{}, although it has stopped", line);
}

void ServiceContext::ask_threads_to_stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void ServiceContext::release() {
  ask_threads_to_stop();
  threads_.clear();
  for (auto& strand : strands_) strand->close();
  strands_.clear();
  core_.registry.withdraw_all(this);
  drain_->release();
  end_metrics();
}

void ServiceContext::end_metrics() {
  core_.metrics.remove(metrics_);
  metrics_.end();
}

}  // namespace p2p::host
