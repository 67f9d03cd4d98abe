// lab: a network of the user's own configuration, a load on it, faults by a script or by hand, and a verdict.
#include "cli/installation.h"
#include "ctl/interrupt.h"
#include "ctl/lab/lab.h"
#include "ctl/lab/screen.h"
#include "ctl/verbs.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl {
namespace {

constexpr std::size_t kScriptBytesMax = std::size_t{1} << 20;

struct LabWords {
  std::string configuration;
  std::string script;
  std::string load;
  std::uint64_t seed = 1;
  std::uint32_t nodes = 0;  // 0: as the script says
  bool keeps_folder = false;
  std::vector<std::string> arguments;
};

ExitCode misuse(const std::string& what) {
  complain(what);
  return ExitCode::usage;
}

std::optional<std::string> read_script(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::string text(kScriptBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad() || text.size() > kScriptBytesMax) return std::nullopt;
  return text;
}

// What an own load makes of no use.
std::vector<lab::Mistake> mistakes_with_load(const lab::Script& script) {
  std::vector<lab::Mistake> mistakes;
  for (const lab::Step& step : script.steps)
    if (step.kind == lab::Step::Kind::wait_operations)
      mistakes.push_back({step.place, "the operations of --load are not counted here: wait healthy, or random faults"});
  for (const lab::Expectation& one : script.expectations)
    mistakes.push_back({one.place, "--load has the verdict: its exit code, and nothing else, is expected to be 0"});
  return mistakes;
}

ExitCode show_verdict(const Session& session, lab::Lab& lab, const std::vector<lab::Expectation>& expectations) {
  const lab::Findings findings = lab.finish();
  const lab::Verdict verdict = lab::verdict_of(findings, expectations);
  show(session, lab::verdict_json(findings, verdict), lab::verdict_text(findings, verdict));
  return verdict.is_good ? ExitCode::done : ExitCode::no;
}

ExitCode run_lab(const Session& session, const LabWords& words) {
  const bool has_script = !words.script.empty();
  if (!has_script && (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0 || session.json))
    return misuse("without a terminal there are no keys to press: give a script with --script FILE");
  lab::Script script;
  lab::Plan plan;
  plan.has_cuts = !has_script && lab::Links::refusal().empty();
  if (has_script) {
    const auto text = read_script(words.script);
    if (!text) return misuse(words.script + ": cannot be read, or is larger than 1 MiB");
    lab::Parsed parsed = lab::parse_script(*text);
    script = std::move(parsed.script);
    if (words.nodes != 0) script.nodes = words.nodes;
    std::vector<lab::Mistake> mistakes = std::move(parsed.mistakes);
    if (mistakes.empty() && !words.load.empty()) mistakes = mistakes_with_load(script);
    if (mistakes.empty()) {
      plan = lab::plan_of(script, words.seed);
      mistakes = plan.mistakes;
    }
    if (!mistakes.empty()) {
      fmt::print(stderr, "{}", lab::text_of(words.script, mistakes));
      return ExitCode::usage;
    }
    if (const std::string refusal = lab::Links::refusal(); plan.has_cuts && !refusal.empty()) return misuse(refusal);
  }
  if (words.nodes != 0) script.nodes = words.nodes;

  ::signal(SIGCHLD, SIG_DFL);  // who started us may have ignored it: then nobody could say how a node ended
  const std::atomic<bool>& interrupted = watch_for_interrupts();
  auto made = lab::Lab::create({.program = (host::installation_prefix() / "bin" / "p2phost").string(),
                                .configuration = words.configuration,
                                .arguments = words.arguments,
                                .load = words.load,
                                .seed = words.seed,
                                .keeps_folder = words.keeps_folder,
                                .is_interrupted = interrupted,
                                .tell = [&session](const std::string& line) {
                                  if (session.json) return;
                                  fmt::print("{}\n", line);
                                  std::fflush(stdout);
                                }});
  if (!made.ok()) return report(made.error());
  lab::Lab& lab = *made.value();
  if (auto started = lab.start(script, plan.has_cuts); !started.ok()) {
    complain(started.error().text);
    return ExitCode::no_node;
  }
  if (has_script) {
    lab.run(plan.acts);
  } else {
    lab::play(lab, plan.has_cuts, interrupted);
  }
  return show_verdict(session, lab, script.expectations);
}

}  // namespace

void add_lab_verb(CLI::App& app, Session& session) {
  const auto words = std::make_shared<LabWords>();
  CLI::App* verb =
      add_verb(app, session, "lab",
               "run a network of a configuration of your own on this machine, load it, and do harm to it by a "
               "script or by keys; exit code 1 when it did not stand it",
               [words](const Session& asked) { return run_lab(asked, *words); });
  verb->add_option("--config", words->configuration, "the nodes' configuration, such as etc/store.toml")
      ->required()
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  verb->add_option("--script", words->script, "what is done, and what is expected; without it, keys of the terminal")
      ->type_name("FILE");
  verb->add_option("--seed", words->seed, "what `random` in a script depends on")->capture_default_str();
  verb->add_option("--nodes", words->nodes, "nodes in the beginning, whatever the script says (default: 3)")
      ->check(CLI::Range(1U, lab::kNodesMax));
  verb->add_option(
          "--load", words->load,
          "a command of your own instead of the lab's load: the nodes are in P2P_LAB_NODES, the end of its input "
          "ends it, its exit code is the verdict")
      ->type_name("COMMAND");
  verb->add_flag("--keep", words->keeps_folder, "keep the folder with the logs and the history");
  verb->add_option("ARGUMENTS", words->arguments, "after --: further arguments of each p2phost");
}

}  // namespace p2p::ctl
