#include <p2p/metrics.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace p2p {
namespace {

constexpr std::size_t kCacheLine = 64;

// This library is loaded with the program, so the variable has a fixed place: no call finds it.
[[gnu::tls_model("initial-exec")]] thread_local std::size_t cell_of_thread = 0;

// Cells are for threads of their own, but nothing enforces it: hosts of one process have loops of the same numbers.
template <class Cells>
auto& own_cell(Cells& cells, std::size_t count) noexcept {
  return cells[cell_of_thread < count ? cell_of_thread : 0];
}

}  // namespace

void count_in_cell(std::size_t cell) noexcept { cell_of_thread = cell; }

struct alignas(kCacheLine) Counter::Cell {
  std::atomic<std::int64_t> value{0};
};

Counter::Counter(std::size_t cells)
    : count_(std::max<std::size_t>(1, cells)), cells_(std::make_unique<Cell[]>(count_)) {}
Counter::~Counter() = default;

void Counter::add(std::int64_t by) noexcept { own_cell(cells_, count_).value.fetch_add(by, std::memory_order_relaxed); }

std::int64_t Counter::value() const noexcept {
  std::int64_t sum = 0;
  for (std::size_t cell = 0; cell < count_; ++cell) sum += cells_[cell].value.load(std::memory_order_relaxed);
  return sum;
}

struct alignas(kCacheLine) Histogram::Cell {
  std::atomic<double> sum{0};
  std::array<std::atomic<std::int64_t>, kBucketsMax + 1> counts{};
};

Histogram::Histogram(std::vector<double> bounds, std::size_t cells)
    : bounds_(std::move(bounds)), count_(std::max<std::size_t>(1, cells)), cells_(std::make_unique<Cell[]>(count_)) {
  bounds_.resize(std::min(bounds_.size(), kBucketsMax));
}
Histogram::~Histogram() = default;

void Histogram::observe(double value) noexcept {
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  Cell& cell = own_cell(cells_, count_);
  cell.counts[bucket].fetch_add(1, std::memory_order_relaxed);
  cell.sum.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Seen Histogram::seen() const {
  Seen seen{std::vector<std::int64_t>(bounds_.size() + 1), 0};
  for (std::size_t cell = 0; cell < count_; ++cell) {
    for (std::size_t bucket = 0; bucket < seen.counts.size(); ++bucket)
      seen.counts[bucket] += cells_[cell].counts[bucket].load(std::memory_order_relaxed);
    seen.sum += cells_[cell].sum.load(std::memory_order_relaxed);
  }
  return seen;
}

Metrics::~Metrics() = default;

}  // namespace p2p
