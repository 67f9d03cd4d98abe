// What does /metrics say? All that the parts of a node and its services count, collected when it is asked for.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <mutex>
#include <string>
#include <vector>

namespace p2p::host {

// Every method: [any thread].
class MetricRegistry final {
 public:
  // `source` is asked until remove() has returned.
  void add(const prometheus::Collectable& source);
  void remove(const prometheus::Collectable& source) noexcept;

  // In the text format 0.0.4, families by name. Of sources that disagree about a family's type, the first one's is
  // shown.
  std::string text() const;

 private:
  std::vector<prometheus::MetricFamily> collect() const;

  mutable std::mutex mutex_;  // also while sources are asked
  std::vector<const prometheus::Collectable*> sources_;
};

}  // namespace p2p::host
