// How are metrics written for Prometheus? Names by its rules, labels, numbers. Pure.
#pragma once

#include <p2p/metrics.h>

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// Everything that Prometheus does not allow in a name becomes '_'. Never empty.
std::string metric_name(std::string_view text);
// Likewise of a label; one that is the host's own ("service") or Prometheus' ("le", "__...") gets "exported_" in front.
std::string label_name(std::string_view text);
// With "_total" at its end, once.
std::string counter_name(std::string_view text);

// A family of one kind, to which samples are added.
prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type);
void add_number(prometheus::MetricFamily& to, const Labels& labels, double value);
// `counts`: of each bucket alone, one more than `bounds`.
void add_histogram(prometheus::MetricFamily& to, const Labels& labels, const std::vector<double>& bounds,
                   const std::vector<std::int64_t>& counts, double sum);

// A gauge or a counter as a single name, as on the wire of `status`: operators and their scripts know
// "moving_keys_done", labels or not. A counter's is without its "_total".
std::string status_name(std::string_view name, const Labels& labels);

}  // namespace p2p::host
