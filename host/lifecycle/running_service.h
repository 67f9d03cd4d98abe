// What is one service of a running node? Its plugin object, its context and its state, driven by the lifecycle. One
// object goes through the states once; a service that is started again is a new object.
#pragma once

#include "plugins/loader.h"
#include "plugins/plugin_file.h"
#include "runtime/service_context.h"

#include <p2p/completion.h>
#include <p2p/plugin.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace p2p::host {

enum class ServiceState : std::uint8_t { loaded, configured, starting, ready, draining, stopped, failed };
const char* to_text(ServiceState state) noexcept;

// All methods [control] unless they say [any thread]. Exceptions of the plugin become errors that name it.
class RunningService final {
 public:
  RunningService(NodeCore& core, ServiceConfig config, PluginFile file, LogLevel log_level);
  ~RunningService();

  Result<Done> load();
  Result<Done> configure();
  Result<Done> start();
  // Calls the plugin's ready(); is_ready() once it has completed.
  void begin_ready();
  bool is_ready() const noexcept { return ready_done_->load(); }
  void open_gate();

  // Refuses clients' calls, except those that are taken while it drains, then calls the plugin's drain(); is_drained()
  // once it has completed.
  void begin_drain();
  bool is_drained() const noexcept { return drain_done_->load(); }
  // How often the service has reported progress.
  std::uint64_t drain_steps() const { return context_->drain().steps(); }
  // The drain is over, or given up: returns what is lost if the service ends now, one line per node that should have
  // got it.
  std::vector<std::string> end_drain();
  void refuse_clients();  // all of them
  void close_gates();
  std::int64_t calls_in_flight() const;

  // The service has no call in flight and no work on the pool. Final behind shut gates, once every loop has turned.
  bool is_idle() const;
  void stop();
  // Removes the stopped service from a node that goes on: calls to its names are answered that it does not run, its
  // plugin object is gone. After stop() of an idle service.
  void take_out();

  // It cannot go on; keeps the reason for why_failed().
  void fail(std::string why);

  // Gives the plugin the new configuration; `applied`: config() is the new one.
  Result<Reconfigured> reconfigure(const ServiceConfig& next);
  // What reconfigure() would answer; none: not known beforehand.
  std::optional<Reconfigured> would_reconfigure(const ServiceConfig& next);
  // For calls that come from now on.
  void set_route(std::shared_ptr<const Route> route);
  Result<Done> may_end();
  Result<Done> health();  // [any thread]

  const std::string& name() const noexcept { return config_.name; }  // [any thread]
  const ServiceConfig& config() const noexcept { return config_; }
  const PluginDescription& plugin() const noexcept { return file_.description; }  // [any thread]
  const PluginFile& file() const noexcept { return file_; }
  ServiceContext& context() noexcept { return *context_; }
  ServiceState state() const noexcept { return state_.load(); }             // [any thread]
  bool runs() const noexcept;                                               // from starting to draining [any thread]
  std::int64_t since_ms() const noexcept { return since_ms_.load(); }       // [any thread]
  std::string why_failed() const;                                           // [any thread]
  std::string idl() const;                                                  // "": serves nothing [any thread]
  ServiceEntry* main_entry() const noexcept { return main_entry_.load(); }  // [any thread]; null: not serving

 private:
  void enter(ServiceState state) noexcept;
  template <class Step>
  Result<Done> guarded(const char* callback, const char* verb, Step run);
  Completion completion_of(std::shared_ptr<std::atomic<bool>> flag);

  NodeCore& core_;
  ServiceConfig config_;  // its name never changes
  const PluginFile file_;
  std::unique_ptr<ServiceContext> context_;
  std::unique_ptr<LoadedPlugin> loaded_;
  bool has_stopped_ = false;
  std::atomic<ServiceState> state_{ServiceState::loaded};
  std::atomic<std::int64_t> since_ms_{0};
  std::atomic<ServiceEntry*> main_entry_{nullptr};
  std::mutex asking_;         // held during the plugin's health(), and while it leaves the state ready
  mutable std::mutex texts_;  // of the next two
  std::string why_failed_;
  std::string idl_;
  // Shared with completions, which the plugin may keep beyond this object's life.
  std::shared_ptr<std::atomic<bool>> ready_done_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<bool>> drain_done_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace p2p::host
