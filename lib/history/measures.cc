#include "history/measures.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace p2p::history {
namespace {

using nlohmann::json;

// Sorts `micros`.
json distribution_of(std::vector<std::uint32_t>& micros) {
  std::sort(micros.begin(), micros.end());
  const auto at = [&](std::size_t percent) { return micros.empty() ? 0 : micros[(micros.size() - 1) * percent / 100]; };
  return {{"calls", micros.size()}, {"p50_us", at(50)}, {"p99_us", at(99)}, {"max_us", at(100)}};
}

double ms(Moment duration) { return static_cast<double>(duration) / 1e6; }

}  // namespace

Measures::Measures(std::vector<std::string> owners, Moment begin) : owners_(std::move(owners)), begin_(begin) {
  gaps_.assign(owners_.size() + 1, Gap{begin, 0, begin});
}

// Answers are told in nearly the order in which they came; an older one opens no gap.
void Measures::Gap::answered(Moment at) {
  if (at - last_answer > longest) {
    longest = at - last_answer;
    longest_from = last_answer;
  }
  last_answer = std::max(last_answer, at);
}

Measures::Gap Measures::ended(Gap gap, Moment at) {
  gap.answered(at);
  return gap;
}

void Measures::note(const Operation& operation, std::size_t owner, const char* error_kind, const std::string& failure) {
  ++by_ending_[to_text(operation.ending)];
  const auto number = static_cast<std::size_t>(std::max<Moment>(0, operation.returned_at - begin_) / kWindow);
  const std::size_t at = std::min(number, kWindowsMax - 1);
  if (windows_.size() <= at)
    windows_.resize(at + 1, Window{std::vector<std::vector<std::uint32_t>>(owners_.size()), 0});
  if (!failure.empty()) {
    ++windows_[at].failures;
    ++by_error_[error_kind];
    if (samples_.size() < kSamplesMax) samples_.push_back(failure);
    return;
  }
  const auto micros = (operation.returned_at - operation.invoked_at) / 1'000;
  windows_[at].micros_by_owner[owner].push_back(static_cast<std::uint32_t>(micros));
  gaps_[owner].answered(operation.returned_at);
  gaps_.back().answered(operation.returned_at);
}

json Measures::counts() const {
  json counts = json::object();
  std::size_t operations = 0;
  for (const auto ending : {Ending::ok, Ending::condition_failed, Ending::refused, Ending::unknown}) {
    const auto found = by_ending_.find(to_text(ending));
    counts[to_text(ending)] = found == by_ending_.end() ? 0 : found->second;
    operations += counts[to_text(ending)].get<std::size_t>();
  }
  counts["operations"] = operations;
  return counts;
}

json Measures::windows() const {
  json told = json::array();
  for (Window window : windows_) {
    json by_owner = json::object();
    std::vector<std::uint32_t> all;
    for (std::size_t owner = 0; owner < owners_.size(); ++owner) {
      auto& micros = window.micros_by_owner[owner];
      all.insert(all.end(), micros.begin(), micros.end());
      by_owner[owners_[owner]] = distribution_of(micros);
    }
    json one = distribution_of(all);
    one["failures"] = window.failures;
    one["by_owner"] = std::move(by_owner);
    told.push_back(std::move(one));
  }
  return told;
}

json Measures::summary(Moment end) const {
  json told = counts();
  const Gap overall = ended(gaps_.back(), end);
  told["begin_ns"] = begin_;
  told["longest_gap_ms"] = ms(overall.longest);
  told["longest_gap_from_ns"] = overall.longest_from;
  told["gap_ms_by_owner"] = json::object();
  for (std::size_t owner = 0; owner < owners_.size(); ++owner) {
    told["gap_ms_by_owner"][owners_[owner]] = ms(ended(gaps_[owner], end).longest);
  }
  std::vector<std::uint32_t> all;
  for (const Window& window : windows_) {
    for (const auto& micros : window.micros_by_owner) all.insert(all.end(), micros.begin(), micros.end());
  }
  told["latencies"] = distribution_of(all);
  told["errors"] = by_error_;
  told["error_samples"] = samples_;
  told["windows"] = windows();
  return told;
}

}  // namespace p2p::history
