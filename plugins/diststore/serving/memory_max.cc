#include "serving/memory_max.h"

#include <p2p/units.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>

namespace p2p::diststore {

namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Nothing: there is no such file, or no limit in it ("max").
std::optional<std::uint64_t> limit_in(const fs::path& file) {
  std::ifstream in(file);
  std::string word;
  if (!(in >> word)) return std::nullopt;
  return number_of(word);
}

// The least limit of a control group and those above it, up to the folder where they are mounted. Within a container
// the group's own path may not be there; the top is.
std::uint64_t least_limit(const fs::path& mounted, std::string_view group, const char* file, std::uint64_t least) {
  fs::path path = fs::path(group).relative_path();
  for (;; path = path.parent_path()) {
    if (const auto limit = limit_in(mounted / path / file)) least = std::min(least, *limit);
    if (path.empty()) return least;
  }
}

bool names_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "memory") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Result<MemoryMax> parse_memory_max(std::string_view text) {
  const Error wrong{ErrorKind::invalid, "'" + std::string(text) +
                                            "' is neither a size of at least 1MiB, such as 2GiB, nor a share of what "
                                            "the machine has, from 1% to 100%, nor none"};
  if (text == "none") return MemoryMax{};
  if (text.ends_with('%')) {
    const auto percent = number_of(text.substr(0, text.size() - 1));
    if (!percent || *percent < 1 || *percent > 100) return wrong;
    return MemoryMax{.percent = *percent};
  }
  const auto bytes = parse_bytes(text);
  if (!bytes.ok() || bytes.value() < kMemoryMaxLeast) return wrong;
  return MemoryMax{.bytes = bytes.value()};
}

// Each line of the list is "number:controllers:path"; version 2 is number 0, and names no controllers.
std::uint64_t memory_of_machine(const fs::path& root) {
  std::uint64_t least = physical_memory();
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    const std::string_view path = std::string_view(line).substr(second + 1);
    if (controllers.empty())
      least = least_limit(root / "sys/fs/cgroup", path, "memory.max", least);
    else if (names_memory(controllers))
      least = least_limit(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes", least);
  }
  return least;
}

}  // namespace p2p::diststore
