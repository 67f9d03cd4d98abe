#include "lifecycle/running_service.h"

namespace p2p::host {
namespace {

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

const char* to_text(ServiceState state) noexcept {
  switch (state) {
    case ServiceState::loaded:
      return "loaded";
    case ServiceState::configured:
      return "configured";
    case ServiceState::starting:
      return "starting";
    case ServiceState::ready:
      return "ready";
    case ServiceState::draining:
      return "draining";
    case ServiceState::stopped:
      return "stopped";
    case ServiceState::failed:
      return "failed";
  }
  return "unknown";
}

RunningService::RunningService(NodeCore& core, const ServiceConfig& config, const PluginFile& file)
    : core_(core),
      config_(config),
      file_(file),
      context_(std::make_unique<ServiceContext>(core, config, file.description)) {
  enter(ServiceState::loaded);
}

RunningService::~RunningService() { stop(); }

const PluginDescription& RunningService::plugin() const noexcept { return file_.description; }

void RunningService::enter(ServiceState state) noexcept {
  since_ms_.store(unix_ms());
  state_.store(state);
}

template <class Step>
Result<Done> RunningService::guarded(const char* step, Step run) {
  std::string why;
  try {
    Result<Done> done = run();
    if (done.ok()) return done;
    enter(ServiceState::failed);
    return Error{done.error().kind, "service " + config_.name + " failed to " + step + ": " + done.error().text};
  } catch (const std::exception& failure) {
    why = failure.what();
  } catch (...) {
    why = "an exception of a type that is not derived from std::exception";
  }
  enter(ServiceState::failed);
  return Error{ErrorKind::internal, "service " + config_.name + " failed to " + step + ": " + why};
}

Result<Done> RunningService::load() {
  auto loaded = load_plugin(file_);
  if (!loaded.ok()) {
    enter(ServiceState::failed);
    return loaded.error();
  }
  loaded_ = std::move(loaded).value();
  return Done{};
}

Result<Done> RunningService::configure() {
  auto done = guarded("configure", [this] { return loaded_->plugin().configure(config_.config); });
  if (done.ok()) enter(ServiceState::configured);
  return done;
}

Result<Done> RunningService::start() {
  enter(ServiceState::starting);
  auto done = guarded("start", [this] { return loaded_->plugin().start(*context_); });
  if (!done.ok()) return done;
  for (const auto& entry : context_->entries()) {
    // Node-to-node parts work from the start: joining a network needs them on both sides.
    if (entry->spec().part.empty()) {
      main_entry_.store(entry.get());
    } else {
      entry->set_gate(GateState::open);
    }
  }
  return done;
}

Completion RunningService::completion_of(std::shared_ptr<std::atomic<bool>> flag) {
  return Completion([flag = std::move(flag)] { flag->store(true); });
}

void RunningService::begin_ready() {
  ready_done_->store(false);
  const auto called = guarded("get ready", [this]() -> Result<Done> {
    loaded_->plugin().ready(completion_of(ready_done_));
    return Done{};
  });
  if (!called.ok()) core_.log.error("{}", called.error().text);
}

void RunningService::open_gate() {
  if (state() == ServiceState::starting) enter(ServiceState::ready);
  for (const auto& entry : context_->entries()) entry->set_gate(GateState::open);
}

void RunningService::refuse_clients() {
  if (ServiceEntry* entry = main_entry(); entry != nullptr) entry->set_gate(GateState::draining);
}

void RunningService::begin_drain() {
  enter(ServiceState::draining);
  refuse_clients();
  drain_done_->store(false);
  const auto called = guarded("drain", [this]() -> Result<Done> {
    loaded_->plugin().drain(completion_of(drain_done_));
    return Done{};
  });
  if (!called.ok()) core_.log.error("{}", called.error().text);
}

void RunningService::close_gates() {
  for (const auto& entry : context_->entries()) entry->set_gate(GateState::closed);
}

std::int64_t RunningService::calls_in_flight() const {
  std::int64_t sum = 0;
  for (const auto& entry : context_->entries()) sum += entry->total().in_flight;
  return sum;
}

void RunningService::stop() {
  if (!loaded_ || state() == ServiceState::stopped) return;
  const bool was_started = state() != ServiceState::loaded && state() != ServiceState::configured;
  if (was_started) {
    close_gates();
    context_->ask_threads_to_stop();
    const auto stopped = guarded("stop", [this]() -> Result<Done> {
      loaded_->plugin().stop();
      return Done{};
    });
    if (!stopped.ok()) core_.log.error("{}", stopped.error().text);
  }
  context_->release();
  enter(ServiceState::stopped);
}

}  // namespace p2p::host
