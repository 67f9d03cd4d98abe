#include "lifecycle/running_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace p2p::host {
namespace {

std::int64_t unix_ms() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}

}  // namespace

const char* to_text(ServiceState state) noexcept {
  // In the order of ServiceState.
  static constexpr const char* kWords[] = {"loaded",   "configured", "starting", "ready",
                                           "draining", "stopped",    "failed"};
  static_assert(std::size(kWords) == static_cast<std::size_t>(ServiceState::failed) + 1);
  return kWords[static_cast<std::size_t>(state)];
}

RunningService::RunningService(NodeCore& core, ServiceConfig config, PluginFile file, LogLevel log_level)
    : core_(core),
      config_(std::move(config)),
      file_(std::move(file)),
      context_(std::make_unique<ServiceContext>(core, config_, file_.description, log_level)) {
  enter(ServiceState::loaded);
}

RunningService::~RunningService() { stop(); }

bool RunningService::runs() const noexcept {
  const ServiceState now = state();
  return now == ServiceState::starting || now == ServiceState::ready || now == ServiceState::draining;
}

std::string RunningService::why_failed() const {
  const std::lock_guard hold(texts_);
  return why_failed_;
}

std::string RunningService::idl() const {
  const std::lock_guard hold(texts_);
  return idl_;
}

void RunningService::fail(std::string why) {
  enter(ServiceState::failed);
  const std::lock_guard hold(texts_);
  why_failed_ = std::move(why);
}

void RunningService::enter(ServiceState state) noexcept {
  since_ms_.store(unix_ms());
  state_.store(state);
}

template <class Step>
Result<Done> RunningService::guarded(const char* callback, const char* verb, Step run) {
  const auto in = core_.steps.enter(config_.name, callback);
  Error why{ErrorKind::internal, ""};
  try {
    Result<Done> done = run();
    if (done.ok()) return done;
    why = done.error();
  } catch (const std::exception& failure) {
    why.text = failure.what();
  } catch (...) {
    why.text = "an exception of a type that is not derived from std::exception";
  }
  fail(fmt::format("failed to {}: {}", verb, why.text));
  return Error{why.kind, "service " + config_.name + ' ' + why_failed()};
}

Result<Done> RunningService::load() {
  const auto in = core_.steps.enter(config_.name, "loading the plugin");
  auto loaded = load_plugin(file_);
  if (!loaded.ok()) {
    fail(loaded.error().text);
    return loaded.error();
  }
  loaded_ = std::move(loaded).value();
  if (!loaded_->warning().empty()) core_.log.warn("plugin {} {}", file_.description.name, loaded_->warning());
  return Done{};
}

Result<Done> RunningService::configure() {
  auto done = guarded("configure()", "configure", [this] { return loaded_->plugin().configure(config_.config); });
  if (done.ok()) {
    done = guarded("fits()", "configure", [this] { return loaded_->plugin().fits(config_.config, core_.node); });
  }
  if (done.ok()) enter(ServiceState::configured);
  return done;
}

Result<Done> RunningService::start() {
  enter(ServiceState::starting);
  auto done = guarded("start()", "start", [this] { return loaded_->plugin().start(*context_); });
  if (!done.ok()) return done;
  for (const auto& entry : context_->entries()) {
    // Node-to-node parts work from the start: joining a network needs them on both sides.
    if (entry->spec().part.empty()) {
      {
        const std::lock_guard hold(texts_);
        idl_ = entry->spec().idl;
      }
      entry->set_route(config_.route);
      entry->set_always_taken(context_->drain().taken_methods());
      entry->set_gate(GateState::admitting);
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
  const auto called = guarded("ready()", "get ready", [this]() -> Result<Done> {
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
  if (ServiceEntry* entry = main_entry(); entry != nullptr) entry->set_gate(GateState::ending);
  context_->drain().answer_kept_calls();
}

void RunningService::begin_drain() {
  {
    const std::lock_guard hold(asking_);
    enter(ServiceState::draining);
  }
  if (ServiceEntry* entry = main_entry(); entry != nullptr) entry->set_gate(GateState::draining);
  drain_done_->store(false);
  const auto called = guarded("drain()", "drain", [this]() -> Result<Done> {
    loaded_->plugin().drain(completion_of(drain_done_));
    return Done{};
  });
  if (!called.ok()) core_.log.error("{}", called.error().text);
}

std::vector<std::string> RunningService::end_drain() {
  if (!loaded_) return {};
  const auto in = core_.steps.enter(config_.name, "what Drain::when_over() was given");
  try {
    return context_->drain().end();
  } catch (const std::exception& failure) {
    return {std::string("cannot say what is left: ") + failure.what()};
  } catch (...) {
    return {"cannot say what is left: an exception of a type that is not derived from std::exception"};
  }
}

void RunningService::close_gates() {
  for (const auto& entry : context_->entries()) entry->set_gate(GateState::closed);
}

std::int64_t RunningService::calls_in_flight() const {
  std::int64_t sum = 0;
  for (const auto& entry : context_->entries()) sum += entry->total().in_flight;
  return sum;
}

bool RunningService::is_idle() const {
  const auto& entries = context_->entries();
  return context_->is_pool_idle() &&
         std::all_of(entries.begin(), entries.end(), [](const auto& entry) { return entry->is_idle(); });
}

void RunningService::take_out() {
  P2P_ASSERT(has_stopped_, "a service is stopped before it is taken out");
  for (const auto& entry : context_->entries()) {
    entry->set_gate(GateState::disabled);
    entry->let_go();
  }
  {
    const auto in = core_.steps.enter(config_.name, "the destructor");
    loaded_.reset();
  }
  context_->report_lent();
}

Result<Reconfigured> RunningService::reconfigure(const ServiceConfig& next) {
  const auto in = core_.steps.enter(config_.name, "reconfigure()");
  std::string why;
  try {
    auto outcome = loaded_->plugin().reconfigure(next.config);
    if (outcome.ok() && outcome.value() == Reconfigured::applied) config_ = next;
    return outcome;
  } catch (const std::exception& failure) {
    why = failure.what();
  } catch (...) {
    why = "an exception of a type that is not derived from std::exception";
  }
  return Error{ErrorKind::internal, "reconfigure() threw: " + why};
}

std::optional<Reconfigured> RunningService::would_reconfigure(const ServiceConfig& next) {
  if (!loaded_->overrides_reconfigure()) return Reconfigured::needs_restart;
  const auto in = core_.steps.enter(config_.name, "would_reconfigure()");
  try {
    return loaded_->plugin().would_reconfigure(next.config);
  } catch (...) {
    return std::nullopt;
  }
}

void RunningService::set_route(std::shared_ptr<const Route> route) {
  config_.route = std::move(route);
  if (ServiceEntry* entry = main_entry(); entry != nullptr) entry->set_route(config_.route);
}

Result<Done> RunningService::may_end() {
  if (!loaded_ || !runs()) return Done{};
  const auto in = core_.steps.enter(config_.name, "may_end()");
  try {
    return loaded_->plugin().may_end();
  } catch (...) {
    return Done{};  // It reports nothing that could be lost.
  }
}

Result<Done> RunningService::health() {
  const std::lock_guard hold(asking_);
  if (state() != ServiceState::ready) return Done{};
  try {
    return loaded_->plugin().health();
  } catch (const std::exception& failure) {
    return Error{ErrorKind::internal, std::string("health() threw: ") + failure.what()};
  } catch (...) {
    return Error{ErrorKind::internal, "health() threw something that is no std::exception"};
  }
}

void RunningService::stop() {
  if (!loaded_ || std::exchange(has_stopped_, true)) return;
  const bool has_failed = state() == ServiceState::failed;
  const bool was_started = state() != ServiceState::loaded && state() != ServiceState::configured;
  {
    const std::lock_guard hold(asking_);
    if (!has_failed && was_started) enter(ServiceState::draining);
  }
  if (was_started) {
    close_gates();
    context_->ask_threads_to_stop();
    context_->close_ways_out();
    context_->end_metrics();
    const auto stopped = guarded("stop()", "stop", [this]() -> Result<Done> {
      loaded_->plugin().stop();
      return Done{};
    });
    if (!stopped.ok()) core_.log.error("{}", stopped.error().text);
  }
  {
    const auto in = core_.steps.enter(config_.name, "the end of its threads");
    context_->release();
  }
  if (state() != ServiceState::failed) enter(ServiceState::stopped);
}

}  // namespace p2p::host
