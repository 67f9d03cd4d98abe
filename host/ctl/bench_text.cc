#include "ctl/bench_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace p2p::ctl {
namespace {

using load::Histogram;
using load::LoadResult;
using load::Verdict;

struct Rank {
  const char* name;
  const char* key;  // in JSON
  double share;
};
constexpr std::array<Rank, 4> kRanks = {
    {{"p50", "p50", 0.50}, {"p90", "p90", 0.90}, {"p99", "p99", 0.99}, {"p99.9", "p999", 0.999}}};

constexpr std::size_t kBarColumns = 40;

double microseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e3; }
double seconds_of(const LoadResult& result) { return std::chrono::duration<double>(result.elapsed).count(); }

double rate_of(const LoadResult& result) {
  const double seconds = seconds_of(result);
  return seconds > 0 ? static_cast<double>(result.good()) / seconds : 0;
}

std::string failures_text(const load::Failures& failures) {
  std::string text;
  for (std::size_t at = 0; at < load::kVerdicts; ++at) {
    const auto verdict = static_cast<Verdict>(at);
    if (failures.of(verdict) == 0) continue;
    text += fmt::format("           {} {}, the first: {}\n", failures.of(verdict), load::to_text(verdict),
                        failures.first_of(verdict));
  }
  return text;
}

std::string latency_text(const Histogram& latency) {
  std::string head = "latency us";
  std::string line = "          ";
  for (const Rank& rank : kRanks) {
    head += fmt::format(" {:>9}", rank.name);
    line += fmt::format(" {:>9.0f}", microseconds(latency.quantile(rank.share)));
  }
  return fmt::format("{} {:>9}\n{} {:>9.0f}\n", head, "max", line, microseconds(latency.max()));
}

std::string histogram_text(const Histogram& latency) {
  const auto octaves = latency.octaves();
  std::uint64_t most = 1;
  for (const auto& octave : octaves) most = std::max(most, octave.count);
  std::string text = "\n  below us     share\n";
  for (const auto& octave : octaves) {
    const double share = static_cast<double>(octave.count) / static_cast<double>(latency.total());
    const std::size_t columns = (octave.count * kBarColumns + most / 2) / most;
    text +=
        fmt::format("{:>10.0f}  {:>6.2f} %  {}", microseconds(octave.below_ns), 100 * share, std::string(columns, '#'));
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

std::string copies_text(const BenchCopies& copies) {
  return fmt::format("copies     {} wanted, {} member{}; {} of {} partitions have theirs; a write needs {}\n",
                     copies.wanted, copies.members, copies.members == 1 ? "" : "s", copies.complete, copies.partitions,
                     copies.required);
}

nlohmann::json copies_json(const BenchCopies& copies) {
  return {{"wanted", copies.wanted},
          {"required", copies.required},
          {"members", copies.members},
          {"partitions", copies.partitions},
          {"complete", copies.complete}};
}

}  // namespace

std::string bench_line(const std::string& what, const LoadResult& so_far) {
  std::string line = fmt::format("{:<6} {:>6.1f} s {:>10.0f} ops/s   p50 {:.0f} us   p99 {:.0f} us", what,
                                 seconds_of(so_far), rate_of(so_far), microseconds(so_far.latency.quantile(0.50)),
                                 microseconds(so_far.latency.quantile(0.99)));
  if (so_far.failures.total() != 0) line += fmt::format("   {} failed", so_far.failures.total());
  return line;
}

std::string bench_text(const BenchPlan& plan, const LoadResult& result) {
  std::string text = fmt::format("{} of {}: {} connections, {} in flight on each, {} keys, values of {} B{}\n",
                                 plan.operation, fmt::join(plan.nodes, ", "), plan.connections, plan.depth, plan.keys,
                                 plan.value_bytes, plan.is_checked ? ", every value looked at" : "");
  if (plan.copies) text += copies_text(*plan.copies);
  text += fmt::format("ops/s      {:.0f}\n", rate_of(result));
  text += fmt::format("calls      {} answered in {:.1f} s, {} failed{}\n", result.answered, seconds_of(result),
                      result.failures.total(), result.stopped ? " (interrupted)" : "");
  text += failures_text(result.failures);
  if (result.latency.total() != 0) text += latency_text(result.latency) + histogram_text(result.latency);
  return text;
}

nlohmann::json bench_json(const BenchPlan& plan, const LoadResult& result) {
  nlohmann::json failures = nlohmann::json::object();
  for (std::size_t at = 0; at < load::kVerdicts; ++at) {
    const auto verdict = static_cast<Verdict>(at);
    if (result.failures.of(verdict) == 0) continue;
    failures[load::to_text(verdict)] = {{"count", result.failures.of(verdict)},
                                        {"first", result.failures.first_of(verdict)}};
  }
  nlohmann::json latency{{"mean", result.latency.mean() / 1e3}, {"max", microseconds(result.latency.max())}};
  for (const Rank& rank : kRanks) latency[rank.key] = microseconds(result.latency.quantile(rank.share));
  nlohmann::json histogram = nlohmann::json::array();
  for (const auto& octave : result.latency.octaves()) {
    histogram.push_back({{"below_us", microseconds(octave.below_ns)}, {"count", octave.count}});
  }
  return {{"nodes", plan.nodes},
          {"operation", plan.operation},
          {"connections", plan.connections},
          {"depth", plan.depth},
          {"value_bytes", plan.value_bytes},
          {"keys", plan.keys},
          {"checked", plan.is_checked},
          {"copies", plan.copies ? copies_json(*plan.copies) : nlohmann::json()},
          {"interrupted", result.stopped},
          {"seconds", seconds_of(result)},
          {"answered", result.answered},
          {"failed", result.failures.total()},
          {"failures", std::move(failures)},
          {"ops_per_second", rate_of(result)},
          {"latency_us", std::move(latency)},
          {"histogram", std::move(histogram)}};
}

}  // namespace p2p::ctl
