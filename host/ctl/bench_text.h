// How is a load's result shown, to people and programs? Pure.
#pragma once

#include "load/load.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl {

// On how many members an agreed cluster keeps each key, when the load begins.
struct BenchCopies {
  std::int64_t wanted = 0;
  std::int64_t members = 0;     // that are to hold some: there are no more copies than these
  std::int64_t required = 0;    // for a write, once all partitions are complete
  std::int64_t partitions = 0;  // in all
  std::int64_t complete = 0;    // of these have as many as are wanted and there are members for
};

// What was asked for, and of what.
struct BenchPlan {
  std::vector<std::string> nodes;
  std::string operation = "read";
  std::size_t connections = 50;
  std::size_t depth = 1;
  std::size_t value_bytes = 100;
  std::size_t keys = 100'000;
  bool is_checked = false;
  std::optional<BenchCopies> copies = {};  // nothing: in classic mode each key is on one node
};

// One line for a terminal while it runs: "read      3.2 s     145231 ops/s   p50 310 us   p99 640 us".
std::string bench_line(const std::string& what, const load::LoadResult& so_far);

// Several lines, the last of them ended: rate, latencies, failures by kind, and the histogram.
std::string bench_text(const BenchPlan& plan, const load::LoadResult& result);

nlohmann::json bench_json(const BenchPlan& plan, const load::LoadResult& result);

}  // namespace p2p::ctl
