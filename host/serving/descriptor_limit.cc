#include "serving/descriptor_limit.h"

#include <sys/resource.h>

#include <filesystem>

namespace p2p::host {
namespace {

// Assumed to be open where /proc is not available.
constexpr std::uint64_t kInUseUnknown = 64;

std::uint64_t descriptors_in_use() {
  std::error_code failure;
  std::filesystem::directory_iterator open("/proc/self/fd", failure);
  if (failure) return kInUseUnknown;
  return static_cast<std::uint64_t>(std::distance(begin(open), end(open))) - 1;  // the folder itself takes one
}

}  // namespace

std::uint64_t raise_descriptor_limit(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  rlimit higher = limit;
  higher.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
  return ::setrlimit(RLIMIT_NOFILE, &higher) == 0 ? higher.rlim_cur : limit.rlim_cur;
}

AdmissionLimits reserve_descriptors(std::uint32_t clients_wanted, Logger& log) {
  const std::uint64_t in_use = descriptors_in_use();
  const std::uint64_t limit = raise_descriptor_limit(descriptors_wanted(in_use, clients_wanted));
  const AdmissionLimits limits = limits_within(limit, in_use, clients_wanted);
  if (limits.clients_max < clients_wanted) {
    log.warn(
        "[host] connections_max = {} is more than this process may open: of {} files and connections (ulimit -n, "
        "LimitNOFILE) {} are in use and some are kept for nodes and the admin socket, so that {} clients may connect; "
        "raise that limit, or lower connections_max",
        clients_wanted, limit, in_use, limits.clients_max);
  }
  return limits;
}

}  // namespace p2p::host
