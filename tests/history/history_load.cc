// history_load: clients that call a network without end, through the client library, and write down all that they are
// told, for history_check. Others stop and start its nodes meanwhile. Commands come on stdin; stdout carries JSON, one
// line each.
#include "ctl/lab/history_run.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <iostream>

namespace p2p::history {
namespace {

constexpr int kDone = 0;
constexpr int kUnread = 1;
constexpr int kNotStarted = 2;

constexpr std::uint32_t kClientsMax = 256;
constexpr std::uint32_t kKeysMax = 1'000'000;
constexpr std::size_t kValueBytesMax = 1'000'000;

constexpr const char* kFooter =
    "Commands, one a line:\n"
    "  report   print what was counted so far\n"
    "  stop     (or the end of stdin) end the clients, read every key, print a summary, end\n"
    "Times are nanoseconds of CLOCK_MONOTONIC.\n"
    "Exit codes: 0 done, 1 a key could not be read in the end, 2 not started, or the file is not complete.";

void print(const nlohmann::json& line) {
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

void obey_until_stop(const HistoryRun& load) {
  for (std::string line; std::getline(std::cin, line) && line != "stop";) {
    if (line == "report") print(load.counts());
  }
}

int complain(const std::string& text) {
  fmt::print(stderr, "history_load: {}\n", text);
  return kNotStarted;
}

int run(const LoadSettings& settings, const std::string& file) {
  const auto load = HistoryRun::create(settings, file);
  if (!load) return complain(load.error().text);
  print({{"state", "running"}});
  obey_until_stop(*load.value());
  HistoryRun::End end = load.value()->stop();
  end.summary["unread_keys"] = end.unread;
  print(end.summary);
  if (!end.is_complete) return complain(file + " is not complete");
  return end.unread == 0 ? kDone : kUnread;
}

std::string check_address(const std::string& text) {
  const auto parsed = parse_node_address(text);
  return parsed.ok() ? std::string() : parsed.error().text;
}

struct Words {
  std::vector<std::string> nodes;
  std::string file;
  std::int64_t deadline_ms = 2'000;
  std::int64_t pause_us = 1'000;
};

void declare(CLI::App& app, LoadSettings& settings, Words& words) {
  app.add_option("--node", words.nodes, "a node of the network; give it for several")
      ->required()
      ->type_name("HOST:PORT")
      ->check(check_address);
  app.add_option("--history", words.file, "file for what clients are told")->required();
  app.add_option("--clients", settings.clients, "clients, each with its own connections")
      ->capture_default_str()
      ->check(CLI::Range(1U, kClientsMax));
  app.add_option("--keys", settings.keys, "different keys")->capture_default_str()->check(CLI::Range(1U, kKeysMax));
  app.add_option("--key-prefix", settings.key_prefix, "begin of their names; there must be no such keys yet")
      ->capture_default_str();
  app.add_option("--read-percent", settings.read_percent, "share of reads")
      ->capture_default_str()
      ->check(CLI::Range(100));
  app.add_option("--erase-percent", settings.erase_percent, "share of erases")
      ->capture_default_str()
      ->check(CLI::Range(100));
  app.add_option("--seed", settings.seed, "what chance depends on")->capture_default_str();
  app.add_option("--value-bytes", settings.value_bytes, "size of a value")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kValueBytesMax));
  app.add_option("--deadline-ms", words.deadline_ms, "of each call")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--pause-us", words.pause_us, "pause of a client after each call")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.footer(kFooter);
}

}  // namespace
}  // namespace p2p::history

int main(int argc, char** argv) {
  using namespace p2p::history;
  std::signal(SIGPIPE, SIG_IGN);
  LoadSettings settings;
  Words words;
  CLI::App app("Calls a network without end, and writes down what it answers.", "history_load");
  declare(app, settings, words);
  CLI11_PARSE(app, argc, argv);
  for (const std::string& node : words.nodes) settings.seeds.push_back(p2p::parse_node_address(node).value());
  settings.deadline = std::chrono::milliseconds(words.deadline_ms);
  settings.pause = std::chrono::microseconds(words.pause_us);
  try {
    return run(settings, words.file);
  } catch (const std::exception& failure) {
    return complain(failure.what());
  }
}
