// How is a load's result shown, to people and programs? Pure.
#pragma once

#include "load/load.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace p2p::ctl {

// What was asked for.
struct BenchPlan {
  std::vector<std::string> nodes;
  std::string operation = "read";
  std::size_t connections = 50;
  std::size_t depth = 1;
  std::size_t value_bytes = 100;
  std::size_t keys = 100'000;
  bool is_checked = false;
};

// One line for a terminal while it runs: "read      3.2 s     145231 ops/s   p50 310 us   p99 640 us".
std::string bench_line(const std::string& what, const load::LoadResult& so_far);

// Several lines, the last of them ended: rate, latencies, failures by kind, and the histogram.
std::string bench_text(const BenchPlan& plan, const load::LoadResult& result);

nlohmann::json bench_json(const BenchPlan& plan, const load::LoadResult& result);

}  // namespace p2p::ctl
