#include "ctl/move_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace p2p::ctl {
namespace {

constexpr std::string_view kPrefix = "moving_";
constexpr std::size_t kMoveBarColumns = 32;

std::int64_t gauge(const node::ServiceStatus& service, const char* name) {
  const auto found = service.gauges.find(std::string(kPrefix) + name);
  return found == service.gauges.end() ? 0 : found->second;
}

double mebibytes(std::int64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

}  // namespace

bool is_moving_gauge(const std::string& name) { return name.starts_with(kPrefix); }

std::optional<Moving> moving_of(const node::ServiceStatus& service) {
  const Moving moving{gauge(service, "keys_done"),  gauge(service, "keys_left"),  gauge(service, "bytes_done"),
                      gauge(service, "bytes_left"), gauge(service, "keys_per_s"), gauge(service, "ms_left")};
  if (moving.keys_done == 0 && moving.keys_left == 0) return std::nullopt;
  return moving;
}

std::string moving_text(const Moving& moving) {
  return fmt::format("{} of about {} keys ({:.1f} of {:.1f} MiB), {} keys/s, {} s left", moving.keys_done,
                     moving.keys_done + moving.keys_left, mebibytes(moving.bytes_done),
                     mebibytes(moving.bytes_done + moving.bytes_left), moving.keys_per_s,
                     (moving.ms_left + 999) / 1000);
}

std::string move_bar(const Moving& moving, std::size_t columns) {
  const std::int64_t all = std::max<std::int64_t>(moving.keys_done + moving.keys_left, 1);
  const auto filled = static_cast<std::size_t>(moving.keys_done * static_cast<std::int64_t>(kMoveBarColumns) / all);
  std::string line = fmt::format("[{:#<{}}{:.<{}}] {:>3} %  {}", "", filled, "", kMoveBarColumns - filled,
                                 moving.keys_done * 100 / all, moving_text(moving));
  if (line.size() > columns) line.resize(columns);
  return line;
}

}  // namespace p2p::ctl
