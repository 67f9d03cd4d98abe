// bench: puts a load on a running network, and shows the result.
#include "ctl/bench_limits.h"
#include "ctl/bench_text.h"
#include "ctl/cluster_verbs.h"
#include "ctl/interrupt.h"
#include "ctl/store_client.h"
#include "ctl/verbs.h"
#include "load/load.h"

#include <p2p/units.h>

#include <Store.h>
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl {
namespace {

constexpr const char* kPrefix = "diststore:";
constexpr std::size_t kFillDepth = 16;  // as fast as a node takes it, whatever the depth that is measured

enum class Operation { read, write, mixed };
const std::vector<std::pair<std::string, Operation>> kOperations = {
    {"read", Operation::read}, {"write", Operation::write}, {"mixed", Operation::mixed}};

struct BenchOptions {
  BenchPlan plan;
  double seconds = 10;
  std::uint64_t requests = 0;  // 0: as many as fit into `seconds`
  bool fills_nothing = false;
};

// Draws a line over itself on a terminal, and nothing elsewhere.
class ProgressLine final {
 public:
  ProgressLine(std::string what, const Session& session)
      : what_(std::move(what)), is_drawn_(::isatty(STDERR_FILENO) != 0 && !session.json) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (is_drawn_) fmt::print(stderr, "\r\033[K");
  }

  void show(const load::LoadResult& so_far) const {
    if (!is_drawn_) return;
    fmt::print(stderr, "\r\033[K{}", bench_line(what_, so_far));
    std::fflush(stderr);
  }

 private:
  const std::string what_;
  const bool is_drawn_;
};

// A node that closes the connection over a value but still answers does not take messages that large: the wire says no
// more than that. Any other failure is returned as it is.
Error failed_try(const Session& session, const Connection& node, std::size_t value_bytes, Error failure) {
  if (failure.kind != ErrorKind::closed || value_bytes < kFrameBytesMaxLeast) return failure;
  auto again = Connection::open(parse_node_address(node.peer()).value(), session.timeouts);
  if (!again.ok() || !ask_status(again.value()).ok()) return failure;
  return {
      ErrorKind::invalid,
      fmt::format("{} ended the connection over a value of {} bytes: a node does so when a message is larger than its "
                  "[host] frame_bytes_max (16MiB unless set); lower --value-bytes, or raise that",
                  node.peer(), value_bytes)};
}

// The nodes of --node, or the one found on this machine. Each first stores and returns a value: so a refusal is
// reported in the node's own words, before thousands of calls fail.
Result<std::vector<NodeAddress>> try_nodes(const Session& session, const load::Dataset& data, std::uint64_t number,
                                           bool writes) {
  std::vector<NodeAddress> nodes;
  for (std::size_t at = 0; at < std::max<std::size_t>(session.nodes.size(), 1); ++at) {
    Session one = session;
    if (!session.nodes.empty()) one.node = session.nodes[at];
    auto node = connect(one);
    if (!node.ok()) return node.error();
    const auto tried = node.value().ask<diststore::StoreClient>(kStore, [&](auto& client) {
      diststore::WriteResult written;
      diststore::ReadResult found;
      if (writes) client.write(written, data.key(number), data.value(number), {});
      client.read(found, data.key(number), {});
    });
    if (!tried.ok()) return failed_try(session, node.value(), data.value_bytes, tried.error());
    nodes.push_back(parse_node_address(node.value().peer()).value());
  }
  return nodes;
}

// Nothing: of no agreed cluster, or it does not say.
std::optional<BenchCopies> copies_at(const NodeAddress& node, const Timeouts& timeouts) {
  auto connection = Connection::open(node, timeouts);
  if (!connection.ok()) return std::nullopt;
  const auto state = ask_cluster(connection.value());
  if (!state.ok()) return std::nullopt;
  const auto& all = state.value().members;
  const std::int64_t members = std::ranges::count_if(all, [](const auto& member) { return member.is_holder; });
  return BenchCopies{.wanted = state.value().copies,
                     .members = members,
                     .required = std::min<std::int64_t>(state.value().copies_min, std::max<std::int64_t>(members, 1)),
                     .partitions = state.value().partitions,
                     .complete = state.value().complete};
}

ExitCode exit_code_of(const load::LoadResult& result) {
  return result.failures.total() == 0 ? ExitCode::done : ExitCode::no;
}

load::LoadOptions load_options(const Session& session, const BenchOptions& options,
                               const std::vector<NodeAddress>& nodes, const std::atomic<bool>& stop) {
  load::LoadOptions load;
  load.targets = nodes;
  load.connections = options.plan.connections;
  load.depth = options.plan.depth;
  load.duration_max = kBenchTimeMax;
  load.stop = &stop;
  load.silence_max = session.timeouts.answer;
  return load;
}

// Stores every key once, for reads to find.
Result<load::LoadResult> fill(load::LoadOptions load, const load::Wire& write, const load::KeyRange& keys,
                              const Session& session) {
  const ProgressLine line("fill", session);
  load.depth = kFillDepth;
  load.operations_max = keys.size();
  load.on_progress = [&](const auto& so_far) { line.show(so_far); };
  load::Requests requests({&write}, keys, load::KeyOrder::sequential);
  return load::run_load(load, requests);
}

Result<load::LoadResult> measure(load::LoadOptions load, std::vector<const load::Wire*> wires,
                                 const load::KeyRange& keys, const Session& session, const BenchOptions& options) {
  const ProgressLine line(options.plan.operation, session);
  if (options.requests != 0) {
    load.operations_max = options.requests;
  } else {
    load.duration_max = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.seconds));
  }
  load.on_progress = [&](const auto& so_far) { line.show(so_far); };
  load::Requests requests(std::move(wires), keys, load::KeyOrder::random);
  return load::run_load(load, requests);
}

ExitCode show(const Session& session, const BenchPlan& plan, const load::LoadResult& result) {
  p2p::ctl::show(session, bench_json(plan, result), bench_text(plan, result));
  return exit_code_of(result);
}

ExitCode bench(const Session& session, BenchOptions options) {
  if (options.plan.is_checked && options.plan.value_bytes < load::kTellingValueBytes) {
    complain(fmt::format("--check needs values of at least {} bytes, to tell them apart", load::kTellingValueBytes));
    return ExitCode::usage;
  }
  const Operation operation = std::find_if(kOperations.begin(), kOperations.end(), [&](const auto& at) {
                                return at.first == options.plan.operation;
                              })->second;
  const load::Dataset data{.value_bytes = options.plan.value_bytes};
  const load::KeyRange keys{.count = options.plan.keys, .chosen = {}};
  const bool fills = !options.fills_nothing && operation != Operation::write;
  const auto nodes = try_nodes(session, data, keys.first, fills || operation != Operation::read);
  if (!nodes.ok()) {
    const ExitCode code = report(nodes.error());
    return code == ExitCode::failed ? ExitCode::no : code;  // as after any other call of a load that failed
  }
  for (const NodeAddress& node : nodes.value()) options.plan.nodes.push_back(node.name());

  const auto check = options.plan.is_checked ? load::ValueCheck::bytes : load::ValueCheck::size;
  const auto read = load::framed_read(data, kPrefix, check);
  const auto write = load::framed_write(data, kPrefix);
  std::vector<const load::Wire*> wires;
  if (operation != Operation::write) wires.push_back(read.get());
  if (operation != Operation::read) wires.push_back(write.get());

  const load::LoadOptions load = load_options(session, options, nodes.value(), watch_for_interrupts());
  if (fills) {
    const auto filled = fill(load, *write, keys, session);
    if (!filled.ok()) return report(filled.error());
    const bool is_whole = filled.value().answered == keys.size();
    if (filled.value().stopped || filled.value().failures.total() != 0 || !is_whole) {
      if (!session.json) complain("storing the keys first did not succeed; nothing was measured");
      options.plan.operation = "fill";
      const ExitCode code = show(session, options.plan, filled.value());
      return code == ExitCode::done ? ExitCode::no : code;
    }
  }
  options.plan.copies = copies_at(nodes.value().front(), session.timeouts);
  const auto measured = measure(load, wires, keys, session, options);
  if (!measured.ok()) return report(measured.error());
  return show(session, options.plan, measured.value());
}

}  // namespace

void add_bench_verb(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("bench", "load a network, and show rate and latencies; stores keys key:0... of its own");
  const auto options = std::make_shared<BenchOptions>();
  BenchPlan& plan = options->plan;
  std::vector<std::string> names;
  for (const auto& [name, operation] : kOperations) names.push_back(name);
  verb->add_option("--operation", plan.operation, "read, write, or half of each")
      ->capture_default_str()
      ->check(CLI::IsMember(names));
  verb->add_option("--connections", plan.connections, "all together, dealt to the nodes of --node in turn")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  verb->add_option("--depth", plan.depth, "requests in flight on each connection")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  verb->add_option("--value-bytes", plan.value_bytes,
                   "size of each value; the nodes' value_bytes_max and frame_bytes_max hold as well")
      ->capture_default_str()
      ->check(CLI::Range(1, 64 * 1024 * 1024));
  verb->add_option("--keys", plan.keys, "how many different keys")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000'000));
  auto* seconds = verb->add_option("--seconds", options->seconds,
                                   fmt::format("how long, up to {} (a day)", kBenchTimeMax / std::chrono::seconds(1)))
                      ->capture_default_str()
                      ->check(bench_seconds_fault);
  verb->add_option(
          "--requests", options->requests,
          fmt::format("how many requests, up to {}, instead of for how long; a day at most", kBenchRequestsMax))
      ->check(bench_requests_fault)
      ->excludes(seconds);
  verb->add_flag("--check", plan.is_checked, "look at each value in full: is it that of the key that was asked for?");
  verb->add_flag("--no-fill", options->fills_nothing,
                 "do not store the keys before reads; those that are not there count as missing");
  verb->callback([&session, options] {
    session.takes_several_nodes = true;
    session.verb = [options](const Session& asked) { return bench(asked, *options); };
  });
}

}  // namespace p2p::ctl
