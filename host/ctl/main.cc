// p2pctl: the operator's command. Reads the command line, runs one verb.
#include "cli/standard_output.h"
#include "config/suggestion.h"
#include "ctl/cluster_verbs.h"
#include "ctl/session.h"
#include "ctl/verbs.h"

#include <p2p/version.h>

#include <thrift/TOutput.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace p2p;
using namespace p2p::ctl;

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 no such key, not healthy, not all handed over or copied, a call of bench failed, or a bad\n"
    "verdict of lab, 2 usage, 3 no node reached or started, 4 the output could not be written, 5 a node refused what\n"
    "it was asked for, or failed at it.\n"
    "Without --node the first node that answers on 127.0.0.1 and [::1], ports 9900 to 9909, is asked.";

std::string check_address(const std::string& text) {
  const auto parsed = parse_node_address(text);
  return parsed.ok() ? std::string() : parsed.error().text;
}

std::string check_duration(const std::string& text) {
  const auto parsed = parse_duration(text);
  return parsed.ok() ? std::string() : parsed.error().text;
}

void add_options(CLI::App& app, Session& session) {
  app.add_option("--node", session.nodes, "the node to ask; bench takes several")
      ->type_name("HOST:PORT")
      ->check(check_address)
      ->allow_extra_args(false);  // one per flag: the next word is the verb
  app.add_option("--admin", session.admin, "the admin socket to use, instead of the one that the node names")
      ->type_name("PATH");
  app.add_flag("--json", session.json, "print JSON, one line");
  app.add_option_function<std::string>(
         "--timeout", [&](const std::string& text) { session.timeouts.answer = parse_duration(text).value(); },
         "how long to wait for an answer (default 6s)")
      ->type_name("TIME")
      ->check(check_duration);
  app.set_version_flag("--version", std::string("p2pctl ") + P2P_SDK_VERSION);
}

// What is wrong with the first word, which should be a verb; "" when nothing is. CLI11 itself says only that a verb is
// required.
std::string fault_of_verb(const CLI::App& app) {
  const auto unknown = app.remaining();
  if (!app.get_subcommands().empty() || unknown.empty()) return "";
  const std::string& word = unknown.front();
  if (word.starts_with('-')) return "there is no option '" + word + "'";
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  return "there is no verb '" + word + "'" + host::did_you_mean(word, verbs);
}

ExitCode refuse(const CLI::App& app, const CLI::ParseError& failure) {
  const std::string fault = fault_of_verb(app);
  if (failure.get_exit_code() == 0 || fault.empty()) {
    return app.exit(failure) == 0 ? ExitCode::done : ExitCode::usage;  // --help and --version are not mistakes
  }
  complain(fault + "; `p2pctl --help` lists all");
  return ExitCode::usage;
}

ExitCode run(int argc, char** argv) {
  CLI::App app("Asks and operates the nodes of a p2phost network.", "p2pctl");
  Session session;
  add_options(app, session);
  app.fallthrough();  // these may also follow the verb; verbs inherit this when they are added
  add_store_verbs(app, session);
  add_scan_verb(app, session);
  add_copy_verb(app, session);
  add_ring_verbs(app, session);
  add_cluster_verbs(app, session);
  add_why_verb(app, session);
  add_doctor_verb(app, session);
  add_node_verbs(app, session);
  add_change_verbs(app, session);
  add_bench_verb(app, session);
  add_lab_verb(app, session);
  add_admin_verbs(app, session);
  add_cluster_admin_verbs(app, session);
  add_recover_verb(app, session);
  app.require_subcommand(1);
  app.footer(kFooter);
  try {
    auto words = with_words_of_plan(argc, argv);
    std::ranges::reverse(words);  // as CLI11 wants them
    app.parse(std::move(words));
  } catch (const CLI::ParseError& failure) {
    return refuse(app, failure);
  }
  if (session.nodes.size() > 1 && !session.takes_several_nodes) {
    complain("one --node only: this verb asks one node");
    return ExitCode::usage;
  }
  if (!session.nodes.empty()) session.node = session.nodes.front();
  return session.verb(session);
}

}  // namespace

CLI::App* p2p::ctl::add_verb(CLI::App& app, Session& session, const std::string& name, const std::string& help,
                             std::function<ExitCode(const Session&)> run) {
  CLI::App* verb = app.add_subcommand(name, help);
  verb->callback([&session, run = std::move(run)] { session.verb = run; });
  return verb;
}

int main(int argc, char** argv) {
  host::fill_closed_streams();
  apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});  // we report failures ourselves, once
  std::signal(SIGPIPE, SIG_IGN);  // a node that closes the connection is an error to report, not the end
  ExitCode code = ExitCode::failed;
  std::string thrown;
  try {
    code = run(argc, argv);
  } catch (const std::exception& failure) {
    thrown = failure.what();
  }
  // First, because a long answer that cannot be written also throws.
  if (const auto written = host::finish_output(); !written.ok()) {
    complain(written.error().text);
    return number(ExitCode::output);
  }
  if (!thrown.empty()) complain(thrown);
  return number(code);
}
