// history_load: clients that call a network without end, through the client library, and write down all that they are
// told, for history_check. Others stop and start its nodes meanwhile. Commands come on stdin; stdout carries JSON, one
// line each.
#include "load/load_client.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

namespace p2p::history {
namespace {

using namespace std::chrono_literals;

constexpr int kDone = 0;
constexpr int kUnread = 1;
constexpr int kNotStarted = 2;

constexpr auto kFlushInterval = 100ms;
// A network that was told to anybody has an owner for each key by then.
constexpr auto kOwnersPatience = 20s;
// So long final reads are tried, of all keys.
constexpr auto kFinalPatience = 30s;
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

// Keys with their owners, whose names go to `owners`; an error when nobody tells them.
Result<std::vector<LoadKey>> keys_of(const LoadSettings& settings, std::vector<std::string>& owners) {
  std::vector<std::string> names;
  for (std::uint32_t number = 0; number < settings.keys; ++number) {
    names.push_back(fmt::format("{}{:07}", settings.key_prefix, number));
  }
  client::Client client({.seeds = settings.seeds});
  const auto told = client.owners_of(names, {.timeout = kOwnersPatience});
  if (!told) return Error{told.failure().kind, told.failure().text};
  std::vector<LoadKey> keys;
  for (std::size_t at = 0; at < names.size(); ++at) {
    const std::string owner = told.value()[at].name();
    const auto known = std::find(owners.begin(), owners.end(), owner);
    keys.push_back({names[at], static_cast<std::size_t>(known - owners.begin())});
    if (known == owners.end()) owners.push_back(owner);
  }
  return keys;
}

// Threads of all clients, from start to stop.
class Load final {
 public:
  Load(const LoadSettings& settings, const std::vector<LoadKey>& keys, Recorder& recorder) : keys_(keys) {
    for (std::uint32_t number = 0; number < settings.clients; ++number) {
      clients_.push_back(std::make_unique<LoadClient>(settings, keys, recorder, number));
    }
    for (const auto& client : clients_) {
      threads_.emplace_back([&client](const std::stop_token& stop) { client->run(stop); });
    }
    threads_.emplace_back([&recorder](const std::stop_token& stop) {
      for (; !stop.stop_requested(); std::this_thread::sleep_for(kFlushInterval)) recorder.flush();
    });
  }

  // Waits for calls in hand, which take their deadline at most.
  void stop() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
  }

  // How many keys could not be read. By a client that has followed the network so far: the first nodes may be gone.
  std::size_t read_all() {
    const auto give_up = std::chrono::steady_clock::now() + kFinalPatience;
    std::size_t unread = 0;
    for (const LoadKey& key : keys_) unread += clients_.front()->read_at_last(key, give_up) ? 0 : 1;
    return unread;
  }

 private:
  const std::vector<LoadKey>& keys_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<std::jthread> threads_;
};

void obey_until_stop(const Recorder& recorder) {
  for (std::string line; std::getline(std::cin, line) && line != "stop";) {
    if (line == "report") print(recorder.counts());
  }
}

int complain(const std::string& text) {
  fmt::print(stderr, "history_load: {}\n", text);
  return kNotStarted;
}

int run(const LoadSettings& settings, const std::string& file) {
  std::vector<std::string> owners;
  const auto keys = keys_of(settings, owners);
  if (!keys) return complain("no owners of the keys: " + keys.error().text);
  const auto recorder = Recorder::create(file, Measures(owners, moment_now()));
  if (!recorder) return complain(recorder.error().text);
  Load load(settings, keys.value(), *recorder.value());
  print({{"state", "running"}});
  obey_until_stop(*recorder.value());
  const Moment end = moment_now();
  load.stop();
  const std::size_t unread = load.read_all();
  nlohmann::json summary = recorder.value()->summary(end);
  summary["unread_keys"] = unread;
  print(summary);
  if (!recorder.value()->flush()) return complain(file + " is not complete");
  return unread == 0 ? kDone : kUnread;
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
