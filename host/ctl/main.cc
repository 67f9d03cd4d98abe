// p2pctl: the operator's command. Reads the words, runs one verb.
#include "ctl/session.h"
#include "ctl/verbs.h"

#include <p2p/version.h>

#include <fmt/format.h>
#include <thrift/TOutput.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>

namespace {

using namespace p2p;
using namespace p2p::ctl;

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 no such key, not healthy, or a call of bench failed, 2 usage, 3 no node reached.\n"
    "Without --node the first node that answers on 127.0.0.1, ports 9900 to 9909, is asked.";

std::string check_location(const std::string& text) {
  const auto parsed = parse_location(text);
  return parsed.ok() ? std::string() : parsed.error().text;
}

std::string check_duration(const std::string& text) {
  const auto parsed = parse_duration(text);
  return parsed.ok() ? std::string() : parsed.error().text;
}

void add_options(CLI::App& app, Session& session) {
  app.add_option("--node", session.nodes, "the node to ask; bench takes several")
      ->type_name("HOST:PORT")
      ->check(check_location)
      ->allow_extra_args(false);  // one a flag: the word behind it is the verb
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

}  // namespace

int main(int argc, char** argv) {
  apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});  // what failed is ours to say, once
  std::signal(SIGPIPE, SIG_IGN);  // a node that closes the connection is an error to report, not the end
  CLI::App app("Asks and operates the nodes of a p2phost network.", "p2pctl");
  Session session;
  add_options(app, session);
  app.fallthrough();  // these may also stand behind the verb; verbs inherit it when they are added
  add_store_verbs(app, session);
  add_ring_verbs(app, session);
  add_node_verbs(app, session);
  add_receipt_verbs(app, session);
  add_change_verbs(app, session);
  add_bench_verb(app, session);
  add_admin_verbs(app, session);
  app.require_subcommand(1);
  app.footer(kFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    const int code = app.exit(failure);
    return number(code == 0 ? ExitCode::done : ExitCode::usage);  // --help and --version are no mistakes
  }
  if (session.nodes.size() > 1 && !session.takes_several_nodes) {
    fmt::print(stderr, "p2pctl: one --node only: this verb asks one node\n");
    return number(ExitCode::usage);
  }
  if (!session.nodes.empty()) session.node = session.nodes.front();
  return number(session.verb());
}
