#include "ctl/bench_limits.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <string_view>

namespace p2p::ctl {
namespace {

using Seconds = std::chrono::duration<double>;

// Is it one number, from `least` to `greatest`? A NaN is outside any range.
template <class Number>
bool is_number_within(std::string_view text, Number least, Number greatest) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size() && number >= least && number <= greatest;
}

}  // namespace

std::string bench_seconds_fault(const std::string& text) {
  constexpr double least = Seconds(kBenchTimeMin).count();
  constexpr double greatest = Seconds(kBenchTimeMax).count();
  if (is_number_within(text, least, greatest)) return "";
  return fmt::format("must be a number of seconds from {} to {:.0f} (a day), not '{}'", least, greatest, text);
}

std::string bench_requests_fault(const std::string& text) {
  if (is_number_within<std::uint64_t>(text, 1, kBenchRequestsMax)) return "";
  return fmt::format("must be a whole number from 1 to {}, not '{}'", kBenchRequestsMax, text);
}

}  // namespace p2p::ctl
