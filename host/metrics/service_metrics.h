// The metrics of one service: what it has asked Context::metrics() for.
#pragma once

#include <p2p/log.h>
#include <p2p/metrics.h>

#include <prometheus/collectable.h>
#include <prometheus/metric_type.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

class ServiceMetrics final : public Metrics, public prometheus::Collectable {
 public:
  // Families are named "p2phost_PLUGIN_...", with the label service="SERVICE". `cells`: one a loop, and one more.
  ServiceMetrics(const std::string& plugin, std::string service, std::size_t cells, Logger& log);

  std::shared_ptr<Counter> counter(const Metric& metric) override;
  std::shared_ptr<Histogram> histogram(const Metric& metric, const std::vector<double>& bounds) override;
  void show_gauge(const Metric& metric, std::function<double()> read) override;
  void show_counter(const Metric& metric, std::function<double()> read) override;

  std::vector<prometheus::MetricFamily> Collect() const override;
  // Counters and gauges by status_name(). [any thread]
  std::map<std::string, std::int64_t> numbers() const;
  // Forgets all: nothing of the service is called any more, nor kept if it comes later. [any thread]
  void end() noexcept;

 private:
  struct Series {
    std::vector<std::function<double()>> reads;  // several only of those that are added up
    std::shared_ptr<Counter> counter;
    std::shared_ptr<Histogram> histogram;
    mutable bool has_thrown = false;  // and this is in the log
  };
  struct Family {
    std::string name;  // as the service says it
    std::string help;
    prometheus::MetricType type;
    std::map<Labels, Series> series;
  };

  // An std::logic_error when the name is already that of another type. [mutex_ held, like the following]
  Family& family_of(const Metric& metric, prometheus::MetricType type);
  // Of these labels, or what is beyond kLabelValuesMax: then *is_over.
  Series& series_of(Family& family, const Labels& labels, bool* is_over = nullptr) const;
  void show(const Metric& metric, prometheus::MetricType type, std::function<double()> read);
  // None when a function of the service throws.
  std::optional<double> number_of(const std::string& name, const Series& series) const;

  const std::string prefix_;
  const std::string service_;
  const std::size_t cells_;
  Logger& log_;
  mutable std::mutex mutex_;                // also while the service's functions are called
  std::map<std::string, Family> families_;  // by full name
  bool has_ended_ = false;
};

}  // namespace p2p::host
