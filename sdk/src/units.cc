#include <p2p/units.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

namespace p2p {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// Largest first: formatting uses the first that divides evenly.
constexpr std::array<Unit, 6> kTimeUnits{{{"h", 3'600'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"s", 1'000'000'000},
                                          {"ms", 1'000'000},
                                          {"us", 1'000},
                                          {"ns", 1}}};
constexpr std::array<Unit, 7> kSizeUnits{{{"GiB", 1ull << 30},
                                          {"MiB", 1ull << 20},
                                          {"KiB", 1ull << 10},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"KB", 1'000},
                                          {"B", 1}}};

Error bad(std::string_view text, std::string_view wanted) {
  return Error{ErrorKind::invalid, "'" + std::string(text) + "' is not " + std::string(wanted)};
}

Result<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, bool bare_number_allowed,
                            std::string_view wanted) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failure != std::errc{} || !std::isfinite(number) || std::signbit(number)) return bad(text, wanted);
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::uint64_t factor = 0;
  for (const Unit& unit : units) {
    if (unit.suffix == suffix) factor = unit.factor;
  }
  if (suffix.empty() && (bare_number_allowed || number == 0)) factor = 1;
  if (factor == 0) return bad(text, wanted);
  const double value = number * static_cast<double>(factor);
  if (value >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return bad(text, wanted);
  return static_cast<std::uint64_t>(std::llround(value));
}

std::string format(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value >= unit.factor && value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string(unit.suffix);
  }
  return "0" + std::string(units.back().suffix == "ns" ? "s" : "B");
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  auto parsed = parse(text, kTimeUnits, false, "a duration; write 10s, 250ms or 5m");
  if (!parsed.ok()) return parsed.error();
  return Duration(static_cast<std::int64_t>(parsed.value()));
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  return parse(text, kSizeUnits, true, "a size; write 16MiB, 64KiB or 4096");
}

std::string format_duration(Duration duration) {
  return format(static_cast<std::uint64_t>(duration.count()), kTimeUnits);
}

std::string format_bytes(std::uint64_t bytes) {
  // 3000 reads better as "3000B" than as "3KB" beside sizes that are powers of two.
  const bool is_binary = bytes % 1024 == 0;
  return format(bytes, is_binary ? std::span<const Unit>(kSizeUnits) : std::span<const Unit>(kSizeUnits).last(1));
}

}  // namespace p2p
