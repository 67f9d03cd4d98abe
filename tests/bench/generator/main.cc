// p2pbench: loads one server with one operation and prints what came of it, as JSON. tests/bench puts runs together.
#include "cluster/cluster_load.h"
#include "generator/cpu_clock.h"
#include "generator/owned_keys.h"
#include "generator/peer_wires.h"
#include "load/load.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace p2p::bench {
namespace {

using load::Dataset;
using load::ValueCheck;

constexpr const char* kStorePrefix = "diststore:";

using MakeWire = std::unique_ptr<load::Wire> (*)(const Dataset& data, ValueCheck check);

// thrift-*: the same calls for a server that has one service only, without its name.
const std::map<std::string, MakeWire> kOperations = {
    {"p2phost-read",
     [](const Dataset& data, ValueCheck check) { return load::framed_read(data, kStorePrefix, check); }},
    {"p2phost-write", [](const Dataset& data, ValueCheck) { return load::framed_write(data, kStorePrefix); }},
    {"p2phost-classic-get", classic_get},
    {"p2phost-counter-value", [](const Dataset& data, ValueCheck) { return counter_value(data); }},
    {"thrift-read", [](const Dataset& data, ValueCheck check) { return load::framed_read(data, "", check); }},
    {"thrift-write", [](const Dataset& data, ValueCheck) { return load::framed_write(data, ""); }},
    {"redis-get", redis_get},
    {"redis-set", [](const Dataset& data, ValueCheck) { return redis_set(data); }},
    {"redis-set-and-wait", [](const Dataset& data, ValueCheck) { return redis_set_and_wait(data); }},
    {"memcached-get", memcached_get},
    {"memcached-set", [](const Dataset& data, ValueCheck) { return memcached_set(data); }},
};

// Clients that know which node owns a key.
struct ClusterOperation {
  MakeClusterClient make;
  Verb verb;
};
const std::map<std::string, ClusterOperation> kClusterOperations = {
    {"p2phost-cluster-read", {smart_client, Verb::read}},
    {"p2phost-cluster-write", {smart_client, Verb::write}},
    {"redis-cluster-get", {redis_cluster_client, Verb::read}},
    {"redis-cluster-set", {redis_cluster_client, Verb::write}},
};

struct Settings {
  load::LoadOptions load;
  NodeAddress server{"127.0.0.1", 0};
  std::string operation;
  load::KeyRange keys;
  Dataset data;
  std::string owner;
  std::string keys_file;
  std::vector<pid_t> cpu_of;
  double seconds = 0;
  std::size_t batch = 1;
  bool each_key_once = false;
  bool check = false;
};

void declare(CLI::App& app, Settings& settings) {
  std::vector<std::string> names;
  for (const auto& [name, make] : kOperations) names.push_back(name);
  for (const auto& [name, operation] : kClusterOperations) names.push_back(name);
  app.add_option("operation", settings.operation, "what to ask, of whom")->required()->check(CLI::IsMember(names));
  app.add_option("--address", settings.server.host, "address of the server")->capture_default_str();
  app.add_option("--port", settings.server.port, "its port")->required();
  app.add_option("--connections", settings.load.connections, "connections; of *-cluster-*: clients, each with a thread")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--depth", settings.load.depth, "requests in flight on each")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--batch", settings.batch,
                 "of *-cluster-*: keys of one operation; each counts as an operation of its own")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--keys", settings.keys.count, "different keys")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--first-key", settings.keys.first, "number of the first of them")->capture_default_str();
  auto* owner =
      app.add_option("--owned-by", settings.owner, "only keys that this node of the server's network owns, HOST:PORT");
  app.add_option("--keys-file", settings.keys_file, "where these keys are remembered, or read from when it is there")
      ->needs(owner);
  app.add_option("--key-bytes", settings.data.key_bytes, "size of a key")->capture_default_str();
  app.add_option("--value-bytes", settings.data.value_bytes, "size of a value")->capture_default_str();
  app.add_option("--cpu-of", settings.cpu_of, "processes whose CPU time is measured meanwhile");
  app.add_flag("--check", settings.check,
               "look at every byte of each value: is it that of the key that was asked for?");
  auto* seconds = app.add_option("--seconds", settings.seconds, "length of the run")->check(CLI::PositiveNumber);
  app.add_flag("--each-key-once", settings.each_key_once,
               "ask for each key once, in order, instead of at random for --seconds")
      ->excludes(seconds);
}

void print(const load::LoadResult& result, double cpu_seconds) {
  const double elapsed = std::chrono::duration<double>(result.elapsed).count();
  const auto us = [&](double share) { return static_cast<double>(result.latency.quantile(share)) / 1e3; };
  fmt::print(
      "{{\"operations\": {}, \"bad\": {}, \"seconds\": {:.6f}, \"ops_per_second\": {:.0f}, \"p50_us\": {:.1f}, "
      "\"p99_us\": {:.1f}, \"p999_us\": {:.1f}, \"max_us\": {:.1f}, \"cpu_us_per_op\": {:.4f}}}\n",
      result.answered, result.failures.total(), elapsed, static_cast<double>(result.good()) / elapsed, us(0.50),
      us(0.99), us(0.999), static_cast<double>(result.latency.max()) / 1e3,
      cpu_seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(result.answered, 1)));
}

void print(const load::Failures& failures) {
  for (std::size_t at = 0; at < load::kVerdicts; ++at) {
    const auto verdict = static_cast<load::Verdict>(at);
    if (failures.of(verdict) == 0) continue;
    fmt::print(stderr, "p2pbench: {} {}, the first: {}\n", failures.of(verdict), load::to_text(verdict),
               failures.first_of(verdict));
  }
}

std::vector<std::uint64_t> chosen_keys(const Settings& settings) {
  const auto& [first, count, chosen] = settings.keys;
  if (settings.keys_file.empty()) return owned_keys(settings.server, settings.owner, settings.data, first, count);
  return owned_keys(settings.keys_file, settings.server, settings.owner, settings.data, first, count);
}

load::LoadResult run_on_connections(Settings& settings, load::KeyOrder order) {
  const auto wire =
      kOperations.at(settings.operation)(settings.data, settings.check ? ValueCheck::bytes : ValueCheck::size);
  settings.load.targets = {settings.server};
  if (!settings.owner.empty()) settings.keys.chosen = chosen_keys(settings);
  load::Requests requests({wire.get()}, settings.keys, order);
  auto result = load::run_load(settings.load, requests);
  if (!result.ok()) throw std::runtime_error(result.error().text);
  return std::move(result).value();
}

load::LoadResult run_on_cluster(const Settings& settings, load::KeyOrder order) {
  if (settings.check || !settings.owner.empty()) {
    throw std::runtime_error(fmt::format("{} knows neither --check nor --owned-by", settings.operation));
  }
  const auto& [make, verb] = kClusterOperations.at(settings.operation);
  ClusterLoad load;
  load.seed = settings.server;
  load.data = settings.data;
  load.keys = settings.keys;
  load.order = order;
  load.verb = verb;
  load.clients = settings.load.connections;
  load.depth = settings.load.depth;
  load.batch = settings.batch;
  load.keys_max = settings.load.operations_max;
  load.duration_max = settings.load.duration_max;
  load.on_begin = settings.load.on_begin;
  load.on_end = settings.load.on_end;
  return run_cluster_load(load, make);
}

int run(Settings& settings) {
  if (settings.each_key_once) settings.load.operations_max = settings.keys.size();
  if (settings.seconds > 0) {
    settings.load.duration_max =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(settings.seconds));
  }
  CpuClock cpu(settings.cpu_of);
  settings.load.on_begin = [&] { cpu.begin(); };
  settings.load.on_end = [&] { cpu.end(); };
  const auto order = settings.each_key_once ? load::KeyOrder::sequential : load::KeyOrder::random;
  const bool is_of_cluster = kClusterOperations.contains(settings.operation);
  const auto result = is_of_cluster ? run_on_cluster(settings, order) : run_on_connections(settings, order);
  print(result, cpu.seconds());
  print(result.failures);
  return result.failures.total() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace p2p::bench

int main(int argc, char** argv) {
  p2p::bench::Settings settings;
  CLI::App app("Loads one server with one operation and prints what came of it, as JSON.");
  p2p::bench::declare(app, settings);
  CLI11_PARSE(app, argc, argv);
  try {
    return p2p::bench::run(settings);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "p2pbench: {}\n", failure.what());
    return 2;
  }
}
