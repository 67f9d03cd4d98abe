#include "metrics/metric_text.h"

#include <p2p/assert.h>

#include <algorithm>
#include <limits>

namespace p2p::host {
namespace {

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kReserved[] = {"service", "le"};

std::string allowed(std::string_view text, bool may_have_colons) {
  std::string name(text);
  for (char& one : name) {
    const bool is_letter = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || one == '_';
    const bool is_digit = one >= '0' && one <= '9';
    if (!is_letter && !is_digit && !(may_have_colons && one == ':')) one = '_';
  }
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name.insert(name.begin(), '_');
  return name;
}

prometheus::ClientMetric with_labels(const Labels& labels) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

}  // namespace

std::string metric_name(std::string_view text) { return allowed(text, true); }

std::string label_name(std::string_view text) {
  std::string name = allowed(text, false);
  const bool is_reserved = std::ranges::find(kReserved, name) != std::end(kReserved) || name.starts_with("__");
  return is_reserved ? "exported_" + name : name;
}

std::string counter_name(std::string_view text) {
  std::string name = metric_name(text);
  if (!name.ends_with(kTotal)) name += kTotal;
  return name;
}

prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

void add_number(prometheus::MetricFamily& to, const Labels& labels, double value) {
  prometheus::ClientMetric metric = with_labels(labels);
  (to.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  to.metric.push_back(std::move(metric));
}

void add_histogram(prometheus::MetricFamily& to, const Labels& labels, const std::vector<double>& bounds,
                   const std::vector<std::int64_t>& counts, double sum) {
  P2P_ASSERT(counts.size() == bounds.size() + 1, "a histogram has a bucket above its bounds");
  prometheus::ClientMetric metric = with_labels(labels);
  std::uint64_t so_far = 0;
  for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
    so_far += static_cast<std::uint64_t>(counts[bucket]);
    const double bound = bucket < bounds.size() ? bounds[bucket] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({so_far, bound});
  }
  metric.histogram.sample_count = so_far;
  metric.histogram.sample_sum = sum;
  to.metric.push_back(std::move(metric));
}

std::string status_name(std::string_view name, const Labels& labels) {
  if (name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  std::string text(name);
  for (const auto& [label, value] : labels) text += '_' + value;
  return text;
}

}  // namespace p2p::host
