// What does a service count, show and measure? Counters, gauges and histograms with labels. The host shows them at
// /metrics for Prometheus, and counters and gauges in `p2pctl status`, too. From Context::metrics().
#pragma once

#include <p2p/export.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p {

// As (name, value), in display order: {{"state", "done"}}.
using Labels = std::vector<std::pair<std::string, std::string>>;

// A metric has so many combinations of label values at most. What comes later is counted together, as one more whose
// values are all kOtherLabel. Values must not come from clients without a limit all the same: theirs would fill it.
inline constexpr std::size_t kLabelValuesMax = 100;
inline constexpr const char* kOtherLabel = "other";

// A number that only grows. Threads that count in cells of their own, as each I/O loop of the host does, share no cache
// line and never wait for each other. Every method: [any thread].
class P2P_API Counter final {
 public:
  explicit Counter(std::size_t cells = 1);
  ~Counter();
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void add(std::int64_t by = 1) noexcept;
  std::int64_t value() const noexcept;

 private:
  struct Cell;
  std::size_t count_;
  std::unique_ptr<Cell[]> cells_;
};

// How often a quantity was how large. Counts as a Counter does. Every method: [any thread].
class P2P_API Histogram final {
 public:
  // `bounds`: the upper ends of the buckets, ascending, kBucketsMax at most (further ones are dropped); one more bucket
  // takes what is above them.
  explicit Histogram(std::vector<double> bounds, std::size_t cells = 1);
  ~Histogram();
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;
  static constexpr std::size_t kBucketsMax = 32;

  void observe(double value) noexcept;

  struct Seen {
    std::vector<std::int64_t> counts;  // of each bucket alone, the last one is that above all bounds
    double sum = 0;
  };
  Seen seen() const;
  const std::vector<double>& bounds() const noexcept { return bounds_; }

 private:
  struct Cell;
  std::vector<double> bounds_;
  std::size_t count_;
  std::unique_ptr<Cell[]> cells_;
};

// The calling thread counts in this cell from now on; 0, which threads share, until then. For hosts, and for tests: a
// counter without so many cells uses its first.
P2P_API void count_in_cell(std::size_t cell) noexcept;

struct Metric {
  std::string name;  // within the plugin: "reads_total" of diststore is "p2phost_diststore_reads_total"
  std::string help;  // a sentence
  Labels labels = {};
};

// What one service shows. By Prometheus' conventions names end in their unit, in base units ("_seconds", "_bytes"), and
// those of counters in "_total", which is appended where it is missing; characters that Prometheus does not allow
// become '_'. The host adds the label `service`. Make metrics before there are calls, and keep them: asking for one
// takes a lock, counting does not. They end with the service: what it counts then is not shown any more, and it starts
// again from zero. Every method: [any thread].
class P2P_API Metrics {
 public:
  virtual ~Metrics();

  // The same object for the same name and labels, never null.
  virtual std::shared_ptr<Counter> counter(const Metric& metric) = 0;
  // `bounds` as of Histogram; those of the first call for a name hold.
  virtual std::shared_ptr<Histogram> histogram(const Metric& metric, const std::vector<double>& bounds) = 0;

  // A number that the service keeps itself. `read` is called on any thread, several at once perhaps, until stop() is
  // called; it must not block or throw. A second one of the same name and labels replaces the first; those beyond
  // kLabelValuesMax are added up.
  virtual void show_gauge(const Metric& metric, std::function<double()> read) = 0;
  virtual void show_counter(const Metric& metric, std::function<double()> read) = 0;
};

}  // namespace p2p
