// p2pbench: loads one server with one operation and prints what came of it, as JSON. tests/bench/run.py puts runs together.
#include "generator/load.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <map>

namespace p2p::bench {
namespace {

using MakeWire = std::unique_ptr<Wire> (*)(const std::string& value);

const std::map<std::string, MakeWire> kOperations = {
    {"p2phost-read", framed_read}, {"p2phost-write", framed_write}, {"p2phost-classic-get", classic_get},
    {"redis-get", redis_get},      {"redis-set", redis_set},
};

struct Settings {
  LoadOptions load;
  std::string operation;
  std::size_t keys = 100'000;
  std::size_t key_bytes = 16;
  std::size_t value_bytes = 100;
  double seconds = 0;
  bool each_key_once = false;
};

void declare(CLI::App& app, Settings& settings) {
  std::vector<std::string> names;
  for (const auto& [name, make] : kOperations) names.push_back(name);
  app.add_option("operation", settings.operation, "what to ask, of whom")->required()->check(CLI::IsMember(names));
  app.add_option("--address", settings.load.address, "IPv4 address of the server")->capture_default_str();
  app.add_option("--port", settings.load.port, "its port")->required();
  app.add_option("--connections", settings.load.connections, "connections")->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--depth", settings.load.depth, "requests in flight on each")->capture_default_str()->check(CLI::Range(1, 1'000));
  app.add_option("--keys", settings.keys, "different keys")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--key-bytes", settings.key_bytes, "size of a key")->capture_default_str();
  app.add_option("--value-bytes", settings.value_bytes, "size of a value")->capture_default_str();
  auto* seconds = app.add_option("--seconds", settings.seconds, "length of the run")->check(CLI::PositiveNumber);
  app.add_flag("--each-key-once", settings.each_key_once, "ask for each key once, in order, instead of at random for --seconds")
      ->excludes(seconds);
}

int run(Settings& settings) {
  const auto wire = kOperations.at(settings.operation)(std::string(settings.value_bytes, 'v'));
  if (settings.each_key_once) settings.load.operations_max = settings.keys;
  if (settings.seconds > 0) {
    settings.load.duration_max =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(settings.seconds));
  }
  Requests requests(*wire, settings.keys, settings.key_bytes,
                    settings.each_key_once ? KeyOrder::sequential : KeyOrder::random);
  const LoadResult result = run_load(settings.load, *wire, requests);
  const double elapsed = std::chrono::duration<double>(result.elapsed).count();
  fmt::print("{{\"operations\": {}, \"bad\": {}, \"seconds\": {:.6f}, \"ops_per_second\": {:.0f}, \"p50_us\": {:.1f}, "
             "\"p99_us\": {:.1f}, \"p999_us\": {:.1f}}}\n",
             result.operations, result.bad, elapsed, static_cast<double>(result.operations) / elapsed,
             static_cast<double>(result.latency.quantile(0.50)) / 1e3, static_cast<double>(result.latency.quantile(0.99)) / 1e3,
             static_cast<double>(result.latency.quantile(0.999)) / 1e3);
  return result.bad == 0 ? 0 : 1;
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
