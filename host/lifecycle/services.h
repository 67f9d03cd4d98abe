// Which services does the node have, and how do they start and stop while it serves? Each change stops and starts
// single services; all others go on, on the same connections.
#pragma once

#include "lifecycle/reload_plan.h"
#include "lifecycle/running_service.h"
#include "preflight/load_configuration.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace p2p::host {

// What became of an operator's request.
struct ChangeReport {
  bool is_done = true;             // false: refused, or done in part; the lines say what and why
  std::vector<std::string> lines;  // for the operator and the log

  void say(std::string line) { lines.push_back(std::move(line)); }
  void refuse(std::string line) {
    is_done = false;
    lines.push_back(std::move(line));
  }
};

// Every method: [control] unless it says [any thread].
class Services final {
 public:
  // Polls `condition` until it holds; false when `patience` is over, or the node is asked to end meanwhile.
  using Wait = std::function<bool(const std::function<bool()>& condition, Duration patience)>;

  // The start has waited for other nodes for `waited`, for the reason `why`; see start_clock.h.
  using ReportWait = std::function<void(const std::string& why, Duration waited)>;

  // `core` outlives it.
  Services(NodeCore& core, Wait wait, ReportWait report_wait);
  ~Services();

  // --- the start of the node, in this order. A failed service that is not `required` leaves the others running; an
  // error names a failed one that is.

  Result<Done> load(const LoadedConfiguration& configuration);
  Result<Done> configure();
  Result<Done> start();
  // The node listens, and its loops run. False: the node was asked to end meanwhile. An error: a required service was
  // not ready in time.
  Result<bool> get_ready();

  // --- while it serves

  // Starts a service that the configuration names; `next` is the configuration as it is now, with that service enabled.
  ChangeReport enable(const std::string& name, const LoadedConfiguration& next);
  // `force`: even if its plugin says that something would be lost.
  ChangeReport disable(const std::string& name, bool force);
  ChangeReport reload(const LoadedConfiguration& next);
  // What reload() would do, its refusals included; changes nothing. Plugins that a reload would load stay loaded.
  ChangeReport plan(const LoadedConfiguration& next);

  // --- the end of the node

  // Services that run or have failed, providers first. [any thread]
  std::vector<std::shared_ptr<RunningService>> list() const;
  void stop_all();
  std::uint64_t drain_steps() const;  // of all draining services [any thread]

  std::shared_ptr<const HostConfig> config() const;  // the one in force [any thread]
  std::int64_t generation() const;                   // how many configurations have been in force [any thread]
  struct Idle {
    std::string why;
    bool is_on_purpose = false;  // an operator wanted it so
  };
  // [services.NAME] that do not run. [any thread]
  std::map<std::string, Idle> idle() const;

 private:
  // What a service is started from.
  struct Recipe {
    ServiceConfig config;
    PluginFile file;
  };
  using Service = std::shared_ptr<RunningService>;
  // A reload under way: the source of its services, and the services still to change.
  struct Reload {
    const LoadedConfiguration& next;
    std::set<std::string> due;
    std::set<std::string> stopping;  // these end for good, before any other change
  };
  // A reload, decided before anything changes: plan() reports it, reload() does it.
  struct Decision {
    ReloadPlan plan;
    Reload reload;
    std::vector<std::string> refusals;  // if any, nothing is changed
  };
  // What exchange() stops, and what it starts instead.
  struct Exchange {
    std::vector<Service> ending;
    std::vector<Service> beginning;
  };

  // What one of the fields behind mutex_ is now.
  template <class Field>
  Field locked(const Field& field) const {
    const std::lock_guard hold(mutex_);
    return field;
  }
  Service find(const std::string& name) const;  // null: it neither runs nor has failed
  std::vector<Service> running() const;
  // Running services that use any of `provides`, directly or not; providers first.
  std::vector<Service> users_of(const std::vector<std::string>& provides) const;
  // What the service requires and lacks, because its provider has failed, or because no running service provides it.
  // "": nothing.
  std::string failed_provider(const RunningService& service) const;
  std::string missing_provider(const RunningService& service) const;

  Result<Service> prepare(const Recipe& recipe);  // loaded and configured
  bool begin(const Service& service, ChangeReport& report);
  bool end(const Service& service, ChangeReport& report);
  void end_failed(RunningService& service);
  void shut(RunningService& service);  // no more calls in or out
  // Stops `name` and its users, and starts `next` (if any) and the users again; users with a change due in `reload`
  // start with that change made.
  bool exchange(const std::string& name, const std::optional<Recipe>& next, bool force, ChangeReport& report,
                Reload* reload = nullptr);
  // Finds everything that prevents the exchange, and changes nothing.
  Exchange prepare_exchange(const std::string& name, const std::optional<Recipe>& next, bool force,
                            const Reload* reload, std::vector<std::string>& refusals);
  void ask_all(const std::vector<Service>& ending, std::vector<std::string>& refusals) const;

  ReloadPlan plan_of(const LoadedConfiguration& next) const;
  Decision decide(const LoadedConfiguration& next);
  void resolve(ServiceChange& change, const Reload& reload, std::vector<std::string>& refusals);
  void apply(const ServiceChange& change, Reload& reload, ChangeReport& report);
  static Recipe recipe_of(const std::string& name, const LoadedConfiguration& next);
  bool reconfigure(const ServiceConfig& next, ChangeReport& report);
  void put_in_force(const LoadedConfiguration& next);
  std::vector<std::string> replaced_files(const LoadedConfiguration& next) const;

  void add(Service service);
  void remove(const RunningService& service);
  void refresh();  // which service has which name
  // The network is told which services this node runs, without `ending`. `known` as in ILocator::run_services().
  void tell_network(const std::vector<Service>& ending, Completion known);
  // Before services drain that have to stop for good, or whose data goes with them: the network knows that others have
  // their keys from now on, and what they hold. False, and none of them ends: others have not taken that in time, or
  // cannot; with `force` they stop all the same, after call_timeout.
  bool hand_over_keys(const std::vector<Service>& ending, bool force, ChangeReport& report);
  // Of services whose data goes with them: as long as it gets further, drain_limit at most.
  bool hand_over_data(const std::vector<Service>& ending, const std::string& names, const std::atomic<bool>& is_taken,
                      ChangeReport& report);
  // Asks them once more when the network knows. False: one may not end, and the network is told that all run on.
  bool may_end_now(const std::vector<Service>& ending, ChangeReport& report);
  Idle why_idle(const ServiceConfig& service) const;  // of one that neither runs nor has failed
  void fail(RunningService& service, std::string why);
  LogLevel level_of(const ServiceConfig& service) const;

  // The control thread is the one that load() runs on.
  bool is_control_here() const { return control_ == std::thread::id() || control_ == std::this_thread::get_id(); }

  NodeCore& core_;
  std::thread::id control_;
  const Wait wait_;
  const ReportWait report_wait_;
  std::vector<std::string> order_;                   // of the configuration in force, providers first
  std::set<std::string> off_;                        // disabled by the operator since
  std::map<std::string, std::string> loaded_files_;  // by path: the identity of the file as this process runs it

  mutable std::mutex mutex_;  // of what follows
  std::vector<Service> all_;
  std::shared_ptr<const HostConfig> config_;
  std::int64_t generation_ = 0;
  std::map<std::string, Idle> idle_;
};

}  // namespace p2p::host
