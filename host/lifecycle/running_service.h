// What is one service of a running node? Its plugin object, its context and its state, moved on by the lifecycle.
#pragma once

#include "plugins/loader.h"
#include "plugins/plugin_file.h"
#include "runtime/service_context.h"

#include <p2p/completion.h>
#include <p2p/plugin.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace p2p::host {

enum class ServiceState : std::uint8_t { loaded, configured, starting, ready, draining, stopped, failed };
const char* to_text(ServiceState state) noexcept;

// All methods [control] unless they say [any thread]. Exceptions of the plugin become errors that name it.
class RunningService final {
 public:
  RunningService(NodeCore& core, const ServiceConfig& config, const PluginFile& file);
  ~RunningService();

  Result<Done> load();
  Result<Done> configure();
  Result<Done> start();
  // Calls the plugin's ready(); is_ready() once it has completed.
  void begin_ready();
  bool is_ready() const noexcept { return ready_done_->load(); }
  void open_gate();

  // Refuses clients' calls, then calls the plugin's drain(); is_drained() once it has completed.
  void begin_drain();
  bool is_drained() const noexcept { return drain_done_->load(); }
  void refuse_clients();
  void close_gates();
  std::int64_t calls_in_flight() const;
  void stop();

  const std::string& name() const noexcept { return config_.name; }
  const PluginDescription& plugin() const noexcept;
  ServiceContext& context() noexcept { return *context_; }
  ServiceState state() const noexcept { return state_.load(); }                // [any thread]
  std::int64_t since_ms() const noexcept { return since_ms_.load(); }          // [any thread]
  ServiceEntry* main_entry() const noexcept { return main_entry_.load(); }     // [any thread]; null: not serving

 private:
  void enter(ServiceState state) noexcept;
  template <class Step>
  Result<Done> guarded(const char* step, Step run);
  Completion completion_of(std::shared_ptr<std::atomic<bool>> flag);

  NodeCore& core_;
  const ServiceConfig& config_;
  const PluginFile& file_;
  std::unique_ptr<ServiceContext> context_;
  std::unique_ptr<LoadedPlugin> loaded_;
  std::atomic<ServiceState> state_{ServiceState::loaded};
  std::atomic<std::int64_t> since_ms_{0};
  std::atomic<ServiceEntry*> main_entry_{nullptr};
  // Shared with completions that the plugin may keep longer than this object lives.
  std::shared_ptr<std::atomic<bool>> ready_done_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<bool>> drain_done_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace p2p::host
