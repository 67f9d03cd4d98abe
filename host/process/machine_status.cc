#include "process/machine_status.h"

#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <vector>

namespace p2p::host {
namespace {

constexpr std::size_t kSetAsideMax = 16;
// Entries of the data folder that are looked at: there are some ten.
constexpr std::size_t kEntriesMax = 1000;
constexpr const char* kUnreadableEnding = ".unreadable";

std::vector<std::string> set_aside_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  for (std::size_t seen = 0; !failure && entry != std::filesystem::directory_iterator() && seen < kEntriesMax; ++seen) {
    if (entry->path().extension() == kUnreadableEnding) names.push_back(entry->path().filename().native());
    entry.increment(failure);
  }
  std::ranges::sort(names);
  names.resize(std::min(names.size(), kSetAsideMax));
  return names;
}

std::int64_t descriptors_allowed() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  constexpr rlim_t kMost = std::numeric_limits<std::int64_t>::max();  // more stands for "no limit"
  return static_cast<std::int64_t>(std::min(limit.rlim_cur, kMost));
}

void add_file_system(const std::filesystem::path& folder, node::Machine& told) {
  told.disk_free = told.disk_bytes = -1;
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) != 0) return;
  told.disk_free = static_cast<std::int64_t>(system.f_bavail) * system.f_bsize;
  told.disk_bytes = static_cast<std::int64_t>(system.f_blocks) * system.f_bsize;
  told.is_volatile = system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
}

}  // namespace

node::Machine machine_status(const std::filesystem::path& data_dir, std::uint32_t connections_max) {
  namespace time = std::chrono;
  node::Machine told;
  told.descriptors_max = descriptors_allowed();
  told.connections_max = connections_max;
  add_file_system(data_dir, told);
  struct stat folder {};
  told.data_dir_mode = ::stat(data_dir.c_str(), &folder) == 0 ? static_cast<std::int32_t>(folder.st_mode & 07777) : -1;
  told.set_aside = set_aside_in(data_dir);
  // Last: between it and the answer nothing waits.
  told.now_ms = time::duration_cast<time::milliseconds>(time::system_clock::now().time_since_epoch()).count();
  return told;
}

}  // namespace p2p::host
