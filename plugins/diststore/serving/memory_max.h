// How much memory may the store's values take? The option `memory_max`, and what the machine has.
#pragma once

#include <p2p/result.h>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace p2p::diststore {

inline constexpr std::uint64_t kMemoryMaxLeast = std::uint64_t{1} << 20;

struct MemoryMax {
  std::uint64_t bytes = 0;    // 0: see percent
  std::uint64_t percent = 0;  // of what the machine has; 0, and no bytes: no limit

  std::uint64_t of(std::uint64_t machine_bytes) const noexcept {
    return percent == 0 ? bytes : machine_bytes / 100 * percent;
  }
};

// "80%", "2GiB", or "none". Else an error that says what is allowed.
Result<MemoryMax> parse_memory_max(std::string_view text);

// What this process may use: the machine's memory, or less by a limit of its control group, or of one above it (version
// 1 and 2). `root`: "/", or a folder with a proc and a sys.
std::uint64_t memory_of_machine(const std::filesystem::path& root = "/");

}  // namespace p2p::diststore
