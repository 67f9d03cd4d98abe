// What does a node tell over HTTP? Whether it lives and serves, its metrics, and what p2pctl shows, as JSON. It changes
// nothing, and shows no key or value.
#pragma once

#include "http/request_head.h"
#include "http/response.h"
#include "metrics/metric_registry.h"
#include "serving/http_taker.h"
#include "serving/service_router.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// Connections that speak HTTP, on one listener; more are answered with 503 and closed. They count as clients, too.
inline constexpr std::int64_t kHttpConnectionsMax = 100;

class HttpServer final : public HttpTaker {
 public:
  struct Options {
    bool is_local = true;                 // only clients of this machine are answered
    std::vector<std::string> names = {};  // of this node, beside loopback's; not used when is_local
  };
  struct Sources {
    ServiceRouter& router;  // of the services that are asked
    const MetricRegistry& metrics;
    std::function<std::string()> why_not_ready;  // "": the node serves [any thread]
  };

  // What the sources refer to outlives it.
  HttpServer(Options options, Sources sources) : options_(std::move(options)), sources_(std::move(sources)) {}

  std::string_view opened(const HttpClient& client) noexcept override;
  void closed() noexcept override { connections_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t request_bytes(std::string_view unread) const noexcept override { return head_bytes(unread); }
  bool take(Loop& loop, ReplySink& origin, std::string_view request, const HttpClient& client) override;

 private:
  using Respond = std::function<void(const HttpResponse&)>;

  // Its field Host, if any, names this node.
  bool is_for_us(const HttpRequest& request, const HttpClient& client) const;
  HttpResponse metrics() const;
  void answer(Loop& loop, const std::string& path, Respond respond);
  void answer_members(Loop& loop, const Respond& respond);

  const Options options_;
  const Sources sources_;
  std::atomic<std::int64_t> connections_{0};
};

}  // namespace p2p::host
