#include "metrics/service_metrics.h"

#include "metrics/metric_text.h"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace p2p::host {

using prometheus::MetricType;

ServiceMetrics::ServiceMetrics(const std::string& plugin, std::string service, std::size_t cells, Logger& log)
    : prefix_("p2phost_" + metric_name(plugin) + '_'), service_(std::move(service)), cells_(cells), log_(log) {}

ServiceMetrics::Family& ServiceMetrics::family_of(const Metric& metric, MetricType type) {
  const std::string name =
      prefix_ + (type == MetricType::Counter ? counter_name(metric.name) : metric_name(metric.name));
  const std::string help = metric.help.empty() ? "What the service calls " + metric.name + '.' : metric.help;
  const auto [at, is_new] = families_.try_emplace(name, Family{metric.name, help, type, {}});
  if (!is_new && at->second.type != type) throw std::logic_error("the metric " + name + " is of another type already");
  return at->second;
}

ServiceMetrics::Series& ServiceMetrics::series_of(Family& family, const Labels& labels, bool* is_over) const {
  Labels all{{"service", service_}};
  for (const auto& [name, value] : labels) all.emplace_back(label_name(name), value);
  if (const auto known = family.series.find(all); known != family.series.end()) return known->second;
  if (family.series.size() >= kLabelValuesMax) {
    for (std::size_t at = 1; at < all.size(); ++at) all[at].second = kOtherLabel;
    if (is_over != nullptr) *is_over = true;
  }
  return family.series[all];
}

std::shared_ptr<Counter> ServiceMetrics::counter(const Metric& metric) {
  const std::lock_guard hold(mutex_);
  auto& counter = series_of(family_of(metric, MetricType::Counter), metric.labels).counter;
  if (counter == nullptr) counter = std::make_shared<Counter>(cells_);
  return counter;
}

std::shared_ptr<Histogram> ServiceMetrics::histogram(const Metric& metric, const std::vector<double>& bounds) {
  const std::lock_guard hold(mutex_);
  Family& family = family_of(metric, MetricType::Histogram);
  const auto first = family.series.begin();
  const std::vector<double> common = first == family.series.end() ? bounds : first->second.histogram->bounds();
  auto& histogram = series_of(family, metric.labels).histogram;
  if (histogram == nullptr) histogram = std::make_shared<Histogram>(common, cells_);
  return histogram;
}

void ServiceMetrics::show(const Metric& metric, MetricType type, std::function<double()> read) {
  const std::lock_guard hold(mutex_);
  if (has_ended_) return;
  bool is_over = false;
  Series& series = series_of(family_of(metric, type), metric.labels, &is_over);
  if (!is_over) series.reads.clear();
  if (series.reads.size() < kLabelValuesMax) series.reads.push_back(std::move(read));
}

void ServiceMetrics::show_gauge(const Metric& metric, std::function<double()> read) {
  show(metric, MetricType::Gauge, std::move(read));
}

void ServiceMetrics::show_counter(const Metric& metric, std::function<double()> read) {
  show(metric, MetricType::Counter, std::move(read));
}

std::optional<double> ServiceMetrics::number_of(const std::string& name, const Series& series) const {
  double sum = series.counter == nullptr ? 0 : static_cast<double>(series.counter->value());
  std::string why;
  try {
    for (const auto& read : series.reads) sum += read();
    return sum;
  } catch (const std::exception& failure) {
    why = failure.what();
  } catch (...) {
    why = "an exception of a type that is not derived from std::exception";
  }
  if (!std::exchange(series.has_thrown, true))
    log_.error("the metric {} is left out while the function that reads it throws: {}", name, why);
  return std::nullopt;
}

std::vector<prometheus::MetricFamily> ServiceMetrics::Collect() const {
  const std::lock_guard hold(mutex_);
  std::vector<prometheus::MetricFamily> shown;
  shown.reserve(families_.size());
  for (const auto& [name, known] : families_) {
    shown.push_back(family(name, known.help, known.type));
    for (const auto& [labels, series] : known.series) {
      if (series.histogram == nullptr) {
        if (const auto number = number_of(name, series)) add_number(shown.back(), labels, *number);
      } else {
        const Histogram::Seen seen = series.histogram->seen();
        add_histogram(shown.back(), labels, series.histogram->bounds(), seen.counts, seen.sum);
      }
    }
  }
  return shown;
}

std::map<std::string, std::int64_t> ServiceMetrics::numbers() const {
  const std::lock_guard hold(mutex_);
  std::map<std::string, std::int64_t> numbers;
  for (const auto& [name, known] : families_) {
    if (known.type == MetricType::Histogram) continue;
    for (const auto& [labels, series] : known.series) {
      if (const auto number = number_of(name, series))
        numbers[status_name(known.name, {labels.begin() + 1, labels.end()})] = std::llround(*number);
    }
  }
  return numbers;
}

void ServiceMetrics::end() noexcept {
  const std::lock_guard hold(mutex_);
  families_.clear();
  has_ended_ = true;
}

}  // namespace p2p::host
