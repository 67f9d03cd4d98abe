// The host's Context: what one service got, and what must end before it counts as stopped.
#pragma once

#include "config/plugin_description.h"
#include "metrics/service_metrics.h"
#include "runtime/node_core.h"
#include "runtime/service_drain.h"
#include "runtime/service_peers.h"
#include "runtime/service_pool.h"
#include "serving/loop_strand.h"

#include <p2p/context.h>

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace p2p::host {

class ServiceContext final : public Context {
 public:
  // All arguments outlive the context; `service` changes only by reconfigured().
  ServiceContext(NodeCore& core, const ServiceConfig& service, const PluginDescription& plugin, LogLevel log_level);
  ~ServiceContext() override;

  const std::string& service_name() const noexcept override { return service_.name; }
  const NodeInfo& node() const noexcept override { return core_.node; }
  const Config& config() const noexcept override { return service_.config; }
  Logger& log() noexcept override { return *log_; }
  Result<Done> serve(ServiceSpec spec, std::shared_ptr<Endpoint> endpoint) override;
  std::shared_ptr<Strand> strand(const std::string& name) override;
  WorkerPool& pool() noexcept override { return pool_; }
  void spawn(const std::string& name, std::function<void(std::stop_token)> body) override;
  Peers& peers() noexcept override { return peers_; }
  ServiceMetrics& metrics() noexcept override { return metrics_; }
  void request_leave(const std::string& why) override;
  void request_end(const Error& why) override;
  void waits_for_network(const std::string& why) override;

  // What the service said last; empty: it does not wait for others. [any thread]
  std::string network_wait() const;

  // The names that the service serves. [control]
  const std::vector<std::shared_ptr<ServiceEntry>>& entries() const noexcept { return entries_; }
  ServiceDrain& drain() noexcept { return *drain_; }

  // The service's work on the worker pool has ended. [any thread]
  bool is_pool_idle() const noexcept { return pool_.is_idle(); }
  // No further work on the worker pool, no further calls to peers; calls in flight end now. [control]
  void close_ways_out();
  void ask_threads_to_stop();  // [control]
  // No function that reads a metric of the service runs any more, nor will. [control]
  void end_metrics();
  // Joins threads and closes strands; takes interfaces and metrics back. [control]
  void release();
  // Logs which interfaces of others the service still holds after its end. [control]
  void report_lent();

 private:
  Result<Done> provide_any(const char* id, std::shared_ptr<void> service) override;
  std::shared_ptr<void> lookup(const char* id, bool required) override;

  NodeCore& core_;
  const ServiceConfig& service_;
  const PluginDescription& plugin_;
  std::unique_ptr<Logger> log_;
  ServicePeers peers_;
  ServicePool pool_;
  const std::shared_ptr<ServiceDrain> drain_ = std::make_shared<ServiceDrain>();
  std::vector<std::shared_ptr<ServiceEntry>> entries_;
  std::vector<std::shared_ptr<LoopStrand>> strands_;
  std::vector<std::jthread> threads_;
  Lendings lent_;  // interfaces of others
  mutable std::mutex wait_mutex_;
  std::string network_wait_;
  ServiceMetrics metrics_;
};

}  // namespace p2p::host
