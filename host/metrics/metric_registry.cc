#include "metrics/metric_registry.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace p2p::host {

void MetricRegistry::add(const prometheus::Collectable& source) {
  const std::lock_guard hold(mutex_);
  sources_.push_back(&source);
}

void MetricRegistry::remove(const prometheus::Collectable& source) noexcept {
  const std::lock_guard hold(mutex_);
  std::erase(sources_, &source);
}

std::vector<prometheus::MetricFamily> MetricRegistry::collect() const {
  std::map<std::string, prometheus::MetricFamily> by_name;
  const std::lock_guard hold(mutex_);
  for (const prometheus::Collectable* source : sources_) {
    for (prometheus::MetricFamily& family : source->Collect()) {
      const auto known = by_name.find(family.name);
      if (known == by_name.end()) {
        by_name.emplace(family.name, std::move(family));
      } else if (known->second.type == family.type) {
        std::ranges::move(family.metric, std::back_inserter(known->second.metric));
      }
    }
  }
  std::vector<prometheus::MetricFamily> all;
  all.reserve(by_name.size());
  for (auto& [name, family] : by_name) all.push_back(std::move(family));
  return all;
}

std::string MetricRegistry::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, collect());
  return std::move(out).str();
}

}  // namespace p2p::host
