// p2phistory: calls a store without a pause while others stop and start its nodes, and tells whether it kept its
// promises. Commands come on stdin; stdout carries JSON, one line each.
#include "driver/run.h"

#include <fmt/format.h>
#include <thrift/TOutput.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <iostream>
#include <optional>
#include <sstream>

namespace p2p::history {
namespace {

constexpr int kClean = 0;
constexpr int kViolated = 1;
constexpr int kNoVerdict = 2;

constexpr const char* kFooter =
    "Commands, one a line:\n"
    "  add HOST:PORT          clients may choose this node\n"
    "  remove HOST:PORT       they no longer do\n"
    "  report                 print what was counted so far\n"
    "  finish [HOST:PORT...]  stop, read every key through each of these nodes (or those still listed), judge, end\n"
    "Exit codes: 0 all promises kept, 1 some were broken, 2 no verdict.";

void print(const nlohmann::json& line) {
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

void complain(const std::string& text) { fmt::print(stderr, "p2phistory: {}\n", text); }

// The addresses among the words that are left in the line; nothing when one of them is none.
std::optional<std::vector<NodeAddress>> addresses_in(std::istringstream& words) {
  std::vector<NodeAddress> addresses;
  for (std::string word; words >> word;) {
    auto address = parse_node_address(word);
    if (!address) {
      complain(address.error().text);
      return std::nullopt;
    }
    addresses.push_back(std::move(address).value());
  }
  return addresses;
}

std::vector<NodeAddress> listed(const NodeList& nodes) {
  std::vector<NodeAddress> addresses;
  for (const ListedNode& node : *nodes.current()) addresses.push_back(node.address);
  return addresses;
}

int finish(Run& run, std::vector<NodeAddress> through) {
  if (through.empty()) through = listed(run.nodes());
  const nlohmann::json line = run.finish(through);
  print(line);
  return line["violation_count"] == 0 ? kClean : kViolated;
}

// The exit code, once there is one.
std::optional<int> execute(Run& run, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  if (!(words >> verb)) return std::nullopt;
  const auto addresses = addresses_in(words);
  if (!addresses) return std::nullopt;
  if (verb == "finish") return finish(run, *addresses);
  if (verb == "report") {
    print(run.report());
  } else if ((verb != "add" && verb != "remove") || addresses->empty()) {
    complain("not a command: " + line);
  }
  for (const NodeAddress& address : *addresses) {
    if (verb == "add" && !run.nodes().add(address)) complain(address.name() + " is listed already, or one too many");
    if (verb == "remove" && !run.nodes().remove(address)) complain(address.name() + " is not listed");
  }
  return std::nullopt;
}

int run(const Settings& settings) {
  Run run(settings);
  if (const auto filled = run.prefill(); !filled) {
    complain(filled.error().text);
    return kNoVerdict;
  }
  run.start();
  print({{"state", "running"}});
  for (std::string line; std::getline(std::cin, line);) {
    if (const auto code = execute(run, line)) return *code;
  }
  complain("stdin ended without `finish`");
  return kNoVerdict;
}

std::string check_address(const std::string& text) {
  const auto parsed = parse_node_address(text);
  return parsed.ok() ? std::string() : parsed.error().text;
}

std::string check_tens(const std::string& text) {
  return text.ends_with('0') ? std::string() : "not a multiple of ten: the last digit says what may happen to a key";
}

void declare(CLI::App& app, Settings& settings, std::vector<std::string>& nodes, std::int64_t& pause_us) {
  const auto at_most = [](auto max) {
    return CLI::Range(static_cast<std::uint64_t>(1), static_cast<std::uint64_t>(max));
  };
  app.add_option("--node", nodes, "a node to ask; give it for each one")
      ->required()
      ->type_name("HOST:PORT")
      ->check(check_address);
  app.add_option("--clients", settings.clients, "clients, each with its own connections")
      ->capture_default_str()
      ->check(at_most(kClientsMax));
  app.add_option("--keys", settings.keys, "different keys, a multiple of ten")
      ->capture_default_str()
      ->check(CLI::Range(kKeysMin, kKeysMax))
      ->check(check_tens);
  app.add_option("--seed", settings.seed, "what chance depends on")->capture_default_str();
  app.add_option("--value-bytes", settings.value_bytes, "size of a value")
      ->capture_default_str()
      ->check(at_most(kValueBytesMax));
  app.add_option("--pause-us", pause_us, "pause of a client after each call, in microseconds")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--through-client", settings.is_through_client,
               "ask through the client library, which sends each key to its owner; --node are its seeds");
  app.add_option("--calls-max", settings.calls_max, "calls after which the clients stop; each takes about 64 bytes")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.footer(kFooter);
}

}  // namespace
}  // namespace p2p::history

int main(int argc, char** argv) {
  apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});  // what failed is ours to say, once
  std::signal(SIGPIPE, SIG_IGN);
  p2p::history::Settings settings;
  std::vector<std::string> nodes;
  std::int64_t pause_us = 0;
  CLI::App app("Calls a store while its nodes come and go, and tells whether it kept its promises.", "p2phistory");
  p2p::history::declare(app, settings, nodes, pause_us);
  CLI11_PARSE(app, argc, argv);
  for (const std::string& node : nodes) settings.nodes.push_back(p2p::parse_node_address(node).value());
  settings.pause = std::chrono::microseconds(pause_us);
  try {
    return p2p::history::run(settings);
  } catch (const std::exception& failure) {
    p2p::history::complain(failure.what());
    return p2p::history::kNoVerdict;
  }
}
