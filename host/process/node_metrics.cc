#include "process/node_metrics.h"

#include "metrics/metric_text.h"

#include <p2p/version.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>

namespace p2p::host {
namespace {

using prometheus::MetricType;
using Families = std::vector<prometheus::MetricFamily>;

constexpr double kNanosecond = 1e-9;

// One method's calls, of all loops.
struct MethodSum {
  std::vector<std::int64_t> buckets = std::vector<std::int64_t>(kCallNanoseconds.size() + 1);
  std::vector<std::int64_t> ends = std::vector<std::int64_t>(kCallEndWords.size());
  std::int64_t nanoseconds = 0;
  std::int64_t calls = 0;

  void add(const MethodCounts& counts) {
    for (std::size_t at = 0; at < buckets.size(); ++at) {
      const std::int64_t of_bucket = counts.buckets[at].value();
      buckets[at] += of_bucket;
      calls += of_bucket;
    }
    for (std::size_t at = 0; at < ends.size(); ++at) ends[at] += counts.ends[at].value();
    nanoseconds += counts.nanoseconds.value();
  }
};

std::map<std::string, MethodSum> methods_of(const ServiceEntry& entry) {
  std::map<std::string, MethodSum> sums;
  for (const MethodTable& loop : entry.methods())
    loop.for_each([&](const MethodCounts& counts) { sums[counts.name].add(counts); });
  return sums;
}

std::vector<double> bounds_in_seconds() {
  std::vector<double> bounds;
  for (const std::int64_t bound : kCallNanoseconds) bounds.push_back(static_cast<double>(bound) * kNanosecond);
  return bounds;
}

void show_number(Families& shown, const char* name, const char* help, MetricType type, double value) {
  shown.push_back(family(name, help, type));
  add_number(shown.back(), {}, value);
}

}  // namespace

Families NodeMetrics::Collect() const {
  Families shown;
  show_calls(shown);
  show_traffic(shown);
  show_node(shown);
  return shown;
}

void NodeMetrics::show_calls(Families& shown) const {
  auto calls = family("p2phost_calls_total", "Calls that have ended.", MetricType::Counter);
  auto failures = family("p2phost_call_failures_total", "Calls that have ended without what was asked for, by kind.",
                         MetricType::Counter);
  auto durations = family("p2phost_call_duration_seconds",
                          "Time until a call's answer; 0 for one that was answered in the turn in which it came.",
                          MetricType::Histogram);
  auto in_flight = family("p2phost_calls_in_flight", "Calls that have no answer yet.", MetricType::Gauge);
  auto forwarded = family("p2phost_calls_forwarded_total", "Calls that were sent on to the owner of their key.",
                          MetricType::Counter);
  const std::vector<double> bounds = bounds_in_seconds();
  for (const auto& entry : sources_.router.entries()) {
    const Labels service{{"service", entry->name()}};
    const ServiceCounts total = entry->total();
    add_number(in_flight, service, static_cast<double>(total.in_flight));
    add_number(forwarded, service, static_cast<double>(total.forwarded));
    for (const auto& [name, sum] : methods_of(*entry)) {
      if (sum.calls == 0) continue;
      Labels method = service;
      method.emplace_back("method", name);
      add_number(calls, method, static_cast<double>(sum.calls));
      add_histogram(durations, method, bounds, sum.buckets, static_cast<double>(sum.nanoseconds) * kNanosecond);
      for (std::size_t kind = 1; kind < sum.ends.size(); ++kind) {
        if (sum.ends[kind] == 0) continue;
        Labels failed = method;
        failed.emplace_back("kind", kCallEndWords[kind]);
        add_number(failures, failed, static_cast<double>(sum.ends[kind]));
      }
    }
  }
  for (auto* one : {&calls, &failures, &durations, &in_flight, &forwarded}) shown.push_back(std::move(*one));
}

void NodeMetrics::show_traffic(Families& shown) const {
  const auto sum = [this](OwnCount LoopTraffic::*count) {
    std::int64_t all = 0;
    for (const auto& loop : sources_.server.loops()) all += (loop->traffic().*count).value();
    return static_cast<double>(all);
  };
  show_number(shown, "p2phost_received_bytes_total", "Bytes that connections of others have brought.",
              MetricType::Counter, sum(&LoopTraffic::read_bytes));
  show_number(shown, "p2phost_sent_bytes_total", "Bytes that were sent on connections of others.", MetricType::Counter,
              sum(&LoopTraffic::written_bytes));
  show_number(shown, "p2phost_connections_accepted_total", "Connections of others that were taken.",
              MetricType::Counter, sum(&LoopTraffic::connections));
  show_number(shown, "p2phost_calls_refused_total",
              "Calls that no service has seen: unknown, disabled or stopping services.", MetricType::Counter,
              sum(&LoopTraffic::refused_calls));
  show_number(shown, "p2phost_http_requests_total", "Requests over HTTP.", MetricType::Counter,
              sum(&LoopTraffic::http_requests));
  show_number(shown, "p2phost_http_refusals_total", "Requests over HTTP that were answered with 4xx or 5xx.",
              MetricType::Counter, sum(&LoopTraffic::http_refusals));
  show_number(shown, "p2phost_connections", "Connections of others that are open.", MetricType::Gauge,
              static_cast<double>(sources_.server.connections()));
  show_number(shown, "p2phost_peer_connections", "Those among them that are of other nodes.", MetricType::Gauge,
              static_cast<double>(sources_.server.peers()));
  show_number(shown, "p2phost_waiting_bytes", "Unread replies and parts of requests, of all slow clients.",
              MetricType::Gauge, static_cast<double>(sources_.server.waiting_bytes()));
  show_number(shown, "p2phost_worker_queue_calls", "Calls that wait for a worker.", MetricType::Gauge,
              static_cast<double>(sources_.pool.queued()));
  show_number(shown, "p2phost_own_failures_total", "What this machine has denied its node: descriptors, ports, names.",
              MetricType::Counter, static_cast<double>(sources_.server.own_failures().seen().count));
}

void NodeMetrics::show_node(Families& shown) const {
  const std::chrono::duration<double> up = std::chrono::steady_clock::now() - sources_.started_at;
  show_number(shown, "p2phost_uptime_seconds", "Since the node has started.", MetricType::Gauge, up.count());
  show_number(shown, "p2phost_ready", "1 while the node serves: started, joined, and not leaving.", MetricType::Gauge,
              sources_.is_ready() ? 1 : 0);
  const auto free_bytes = free_bytes_.of([this]() -> std::optional<double> {
    std::error_code failure;
    const auto disk = std::filesystem::space(sources_.data_dir(), failure);
    if (failure) return std::nullopt;
    return static_cast<double>(disk.available);
  });
  if (free_bytes)
    show_number(shown, "p2phost_data_free_bytes", "Room that is left on the disk of the data folder.",
                MetricType::Gauge, *free_bytes);
  shown.push_back(family("p2phost_build_info", "1; the version is its label.", MetricType::Gauge));
  add_number(shown.back(), {{"version", P2P_SDK_VERSION}}, 1);
}

}  // namespace p2p::host
