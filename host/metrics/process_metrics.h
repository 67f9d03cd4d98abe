// What does the kernel say of this process? By the names that Prometheus' own clients give it. Reads /proc when asked.
#pragma once

#include "metrics/aged_answer.h"

#include <prometheus/collectable.h>

#include <vector>

namespace p2p::host {

class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;  // [any thread]

 private:
  mutable AgedAnswer<double> open_descriptors_;
};

}  // namespace p2p::host
