#include "load/failures.h"

#include <numeric>

namespace p2p::load {

const char* to_text(Verdict verdict) noexcept {
  // In the order of Verdict.
  static constexpr std::array<const char*, kVerdicts> kWords = {
      "good", "missing", "refused", "not_executed", "unavailable", "failed", "misplaced", "closed", "unanswered"};
  return kWords[static_cast<std::size_t>(verdict)];
}

void Failures::count(Verdict verdict, std::string_view words, std::uint64_t times) {
  const auto at = static_cast<std::size_t>(verdict);
  if (counts_[at] == 0 && times != 0) words_[at] = words;
  counts_[at] += times;
}

void Failures::add(const Failures& other) {
  for (std::size_t at = 0; at < kVerdicts; ++at) count(static_cast<Verdict>(at), other.words_[at], other.counts_[at]);
}

std::uint64_t Failures::total() const noexcept {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

}  // namespace p2p::load
