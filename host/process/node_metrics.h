// What does the host itself show at /metrics? Calls, connections, bytes and queues of one node.
#pragma once

#include "metrics/aged_answer.h"
#include "serving/server.h"
#include "serving/service_router.h"
#include "serving/worker_pool.h"

#include <p2p/units.h>

#include <prometheus/collectable.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

class NodeMetrics final : public prometheus::Collectable {
 public:
  struct Sources {
    Server& server;
    ServiceRouter& router;
    const BoundedWorkerPool& pool;
    TimePoint started_at;
    std::function<bool()> is_ready;                   // [any thread]
    std::function<std::filesystem::path()> data_dir;  // likewise, once the server runs
  };
  // What the sources refer to outlives it.
  explicit NodeMetrics(Sources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;  // [any thread]

 private:
  using Families = std::vector<prometheus::MetricFamily>;
  void show_calls(Families& shown) const;
  void show_traffic(Families& shown) const;
  void show_node(Families& shown) const;

  const Sources sources_;
  mutable AgedAnswer<std::optional<double>> free_bytes_;
};

}  // namespace p2p::host
