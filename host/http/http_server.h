// What does a node tell over HTTP? Whether it lives and serves, its metrics, what p2pctl shows, as JSON, and a page
// that draws it. It changes nothing, and shows no key or value.
#pragma once

#include "http/asking.h"
#include "http/event_stream.h"
#include "http/request_head.h"
#include "http/response.h"
#include "metrics/metric_registry.h"
#include "serving/http_taker.h"
#include "serving/service_router.h"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
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
  HttpTaken take(Loop& loop, ReplySink& origin, std::string_view request, const HttpClient& client) override;

 private:
  using Respond = std::function<void(const HttpResponse&)>;

  // Its field Host, if any, names this node.
  bool is_for_us(const HttpRequest& request, const HttpClient& client) const;
  HttpTaken take_stream(Loop& loop, ReplySink& origin, HttpRequest request, const HttpClient& client);
  void check_origin(Loop& loop, const HttpRequest& request, const HttpClient& client,
                    std::function<void(const std::string& fields)> then);
  HttpResponse metrics() const;
  static HttpResponse page(const HttpRequest& request);
  void answer(Loop& loop, const HttpRequest& request, Respond respond);
  void answer_state(Loop& loop, nlohmann::json (*make)(const cluster_view::State&), const Respond& respond,
                    std::function<void(const NoAnswer&)> failed);
  void answer_members(Loop& loop, const Respond& respond);
  void answer_partitions(Loop& loop, const Respond& respond);
  static std::function<void(const NoAnswer&)> no_map(const Respond& respond);

  const Options options_;
  const Sources sources_;
  std::atomic<std::int64_t> connections_{0};
  const std::shared_ptr<StreamCount> streams_ = std::make_shared<StreamCount>(0);
};

}  // namespace p2p::host
