#include "plugins/loader.h"
#include "runtime/host_logger.h"
#include "validate/lone_node.h"
#include "validate/process_state.h"
#include "validate/rules.h"

#include <fmt/format.h>
#include <thrift/Thrift.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace p2p::host {
namespace {

// A leak that shows only when a service starts again shows in the second round; a third for what is left every other
// time.
constexpr int kRounds = 3;

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);  // as main() does before it runs a node
  if (const auto opened = open_log({}); !opened.ok()) throw std::runtime_error(opened.error().text);
  // A node that does not listen yet, or no longer, is not worth a message.
  apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});
}

// How a run ended, if not well: "it ended with exit code 69; host: service x failed to start: ...".
std::string fault_of(const NodeLife& life) {
  std::vector<std::string> faults;
  if (life.code != ExitCode::done) faults.push_back(fmt::format("the node ended with exit code {}", number(life.code)));
  faults.insert(faults.end(), life.errors.begin(), life.errors.end());
  return joined(faults);
}

// Runs the node three times; the first fault, or "".
std::string live_thrice(const LoadedConfiguration& planned, const std::string& name, Trial& trial) {
  for (int round = 1; round <= kRounds; ++round) {
    const std::string fault = fault_of(live_once(planned, name, trial));
    if (!fault.empty()) return fmt::format("round {}: {}", round, fault);
    // A child would keep this node's descriptors open, and so its data folder locked, in the next round.
    if (has_children()) return fmt::format("round {}: a child process is left", round);
  }
  return "";
}

// The state of this process once everything that nodes make only once exists, and the plugin's code is loaded.
Result<ProcessState> warm_up(const Subject& subject, const PluginFile& file, Trial& trial) {
  trial.step("loading it");
  auto loaded = load_plugin(file);
  if (!loaded.ok()) return loaded.error();
  loaded.value().reset();
  auto without = plan_lone_node(subject, With::providers_alone);
  if (!without.ok()) return without.error();
  live_once(std::move(without).value(), file.description.name, trial);
  trial.step("looking at the process");
  // What the node has just ended may still be disappearing.
  ProcessState state = look_at_process();
  for (auto changes = find_lasting_changes(state); !changes.empty(); changes = find_lasting_changes(state))
    state = look_at_process();
  return state;
}

Verdict judge_type(const NodeLife& life, const std::string& name) {
  if (life.answer.starts_with(kUnknownPrefix) || life.answer.starts_with("no answer"))
    return broken(fmt::format("a call of '{}' got {}", name, life.answer));
  if (life.has_type && life.answer != life.idl)
    return broken(fmt::format("service_type() answers '{}', but it is served as '{}'", life.answer, life.idl));
  return holds(fmt::format("'{}' answers as {}", name, life.idl));
}

}  // namespace

Verdict check_requires(const Subject& subject, Trial& trial) {
  const PluginFile file = plugin_of(subject);
  const auto& required = file.description.required;
  if (required.empty()) return skipped("it requires nothing");
  prepare_process();
  const auto before = warm_up(subject, file, trial);
  // If nothing provides what it requires, there is nothing to compare with either.
  const bool has_providers = before.ok();
  auto planned = plan_lone_node(subject, With::subject_alone);
  if (!planned.ok()) return broken(planned.error().text);
  const NodeLife life = live_once(std::move(planned).value(), file.description.name, trial);
  if (life.was_ready) {
    return broken(
        fmt::format("it starts although nobody provides {}", joined(required, ", ")),
        "Take what it requires by Context::require in start(); what it can do without is P2P_OPTIONAL, and what "
        "it never takes is not named");
  }
  if (life.code != ExitCode::service_failed) return broken(fault_of(life));
  const auto changes = has_providers ? find_lasting_changes(before.value()) : std::vector<std::string>{};
  if (!changes.empty()) {
    return broken("the failed start leaves something behind: " + joined(changes),
                  "Let stop() undo what a start() had done before it failed: it is called then, too");
  }
  return holds(fmt::format("without {} its start fails, and leaves nothing behind", joined(required, ", ")));
}

Verdict check_lifecycle(const Subject& subject, Trial& trial) {
  prepare_process();
  const auto planned = plan_lone_node(subject, With::subject_and_providers);
  if (!planned.ok()) {
    return broken(planned.error().text,
                  "Put a plugin that provides it beside this one, or name its folder by --plugin-dir");
  }
  const std::string fault = live_thrice(planned.value(), plugin_of(subject).description.name, trial);
  if (!fault.empty()) return broken(fault);
  std::string others;
  for (const std::string& service : planned.value().start_order) {
    if (service != plugin_of(subject).description.name) others += (others.empty() ? " with " : ", ") + service;
  }
  return holds(fmt::format("{} times start, ready, drain and stop{}", kRounds, others));
}

Verdict check_leftovers(const Subject& subject, Trial& trial) {
  const PluginFile file = plugin_of(subject);
  prepare_process();
  const auto before = warm_up(subject, file, trial);
  if (!before.ok()) return broken(before.error().text);
  const auto planned = plan_lone_node(subject, With::subject_and_providers);
  if (!planned.ok()) return broken(planned.error().text);
  const std::string fault = live_thrice(planned.value(), file.description.name, trial);
  if (!fault.empty()) return broken(fault);
  const auto changes = find_lasting_changes(before.value());
  if (!changes.empty()) return broken(fmt::format("after {} rounds: {}", kRounds, joined(changes)));
  return holds("no thread, descriptor, signal handler, child, folder, locale or variable");
}

Verdict check_serves(const Subject& subject, Trial& trial) {
  const PluginFile file = plugin_of(subject);
  const std::string& name = file.description.name;
  const auto& promised = file.description.serves;
  prepare_process();
  auto planned = plan_lone_node(subject, With::subject_and_providers);
  if (!planned.ok()) return broken(planned.error().text);
  const NodeLife life = live_once(std::move(planned).value(), name, trial);
  if (life.idl.empty() && promised.empty()) return skipped("it promises to serve nothing, and serves nothing");
  if (life.idl.empty())
    return broken(fmt::format("the descriptor promises {}, but it serves nothing", joined(promised, ", ")),
                  "Call Context::serve or serve_processor in start(), or take P2P_SERVES out");
  if (std::find(promised.begin(), promised.end(), life.idl) == promised.end()) {
    return broken(fmt::format("it serves {}, but the descriptor promises {}", life.idl,
                              promised.empty() ? "nothing" : joined(promised, ", ")));
  }
  return judge_type(life, name);
}

}  // namespace p2p::host
