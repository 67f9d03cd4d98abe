// p2phost: reads its flags, and either answers a question about the configuration or runs a node until it is asked to
// end.
#include "cli/command_line.h"
#include "cli/standard_output.h"
#include "crash/alternate_stack.h"
#include "crash/fatal_signal.h"
#include "preflight/load_configuration.h"
#include "preflight/offline_commands.h"
#include "process/node.h"
#include "process/signal_watch.h"
#include "runtime/host_logger.h"
#include "serving/descriptor_limit.h"
#include "validate/validate_command.h"

#include <exception>
#include <iostream>

namespace p2p::host {
namespace {

int run_node(const CommandLine& command_line) {
  auto outcome = load_configuration(command_line);
  if (const auto* failure = std::get_if<ConfigurationFailure>(&outcome)) {
    std::cerr << failure->messages;
    return number(failure->code);
  }
  auto& loaded = std::get<LoadedConfiguration>(outcome);
  std::cerr << loaded.warnings;
  // For the services, too, which may open files: the soft limit of most systems is 1024.
  raise_descriptor_limit(kAllDescriptors);
  const std::string& log_file = loaded.config.log_file;
  if (const auto opened = open_log(log_file); !opened.ok()) {
    std::cerr << "p2phost: [log] file = \"" << log_file << "\": " << opened.error().text << '\n';
    return number(ExitCode::configuration);
  }
  const AlternateStack stack_for_signals;
  report_fatal_signals(stderr_is_journal() ? StderrStyle::journal : StderrStyle::plain);
  NodeHooks hooks;
  hooks.read_again = [command_line](const std::optional<std::string>& also_enabled) {
    CommandLine again = command_line;
    again.is_running = true;
    if (also_enabled) again.safe_mode = false;
    again.also_enabled = also_enabled;
    return load_configuration(again);
  };
  Node node(std::move(loaded), std::move(hooks));
  const SignalWatch watch(node);
  return number(node.run());
}

// The exit code of a run that only answers: an answer that could not be written is a failure.
int answered(int code) {
  const auto written = finish_output();
  if (written.ok()) return code;
  std::cerr << "p2phost: " << written.error().text << '\n';
  return number(ExitCode::output);
}

int run(int argc, char** argv) {
  const auto parsed = parse_command_line(argc, argv, std::cout, std::cerr);
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return answered(number(*code));
  const auto& command_line = std::get<CommandLine>(parsed);
  if (!command_line.runs_node()) release_signals();
  if (!command_line.validate.empty()) return answered(number(validate_command(command_line, std::cout, std::cerr)));
  if (const auto code = run_offline_command(command_line, std::cout, std::cerr)) return answered(*code);
  return run_node(command_line);
}

}  // namespace
}  // namespace p2p::host

int main(int argc, char** argv) {
  p2p::host::hold_signals();
  p2p::host::fill_closed_streams();
  try {
    return p2p::host::run(argc, argv);
  } catch (const std::exception& failure) {
    std::cerr << "p2phost: " << failure.what() << '\n';
    return p2p::host::number(p2p::host::ExitCode::internal);
  }
}
