// The option memory_max, and what a machine has.
#include "serving/memory_max.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace p2p::diststore {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1 << 20;

TEST(MemoryMax, IsASizeAShareOrNone) {
  EXPECT_EQ(parse_memory_max("2MiB").value().of(kMiB), 2 * kMiB);
  EXPECT_EQ(parse_memory_max("50%").value().of(1000), 500u);
  EXPECT_EQ(parse_memory_max("100%").value().of(1000), 1000u);
  EXPECT_EQ(parse_memory_max("none").value().of(1000), 0u);
}

TEST(MemoryMax, RefusesNonsenseAndSaysWhatIsAllowed) {
  for (const char* wrong : {"", "0", "1KiB", "0%", "101%", "-1%", "1.5%", "%", "80 %", "much", "-2GiB", "None"}) {
    const auto parsed = parse_memory_max(wrong);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_NE(parsed.error().text.find("1MiB"), std::string::npos) << parsed.error().text;
  }
}

class MachineMemory : public ::testing::Test {
 protected:
  MachineMemory() : root_(fs::temp_directory_path() / ("p2p-memory-" + std::to_string(::getpid()))) {
    fs::remove_all(root_);
  }
  ~MachineMemory() override { fs::remove_all(root_); }
  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  static std::uint64_t physical() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }

  const fs::path root_;
};

TEST_F(MachineMemory, IsThatOfTheMachineWithoutALimit) {
  EXPECT_EQ(memory_of_machine(root_), physical()) << "there are no control groups";
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  EXPECT_EQ(memory_of_machine(root_), physical());
}

TEST_F(MachineMemory, IsTheLeastLimitOfAGroupAndThoseAboveIt) {
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/memory.max", std::to_string(8 * kMiB));
  EXPECT_EQ(memory_of_machine(root_), 8 * kMiB);
  write("sys/fs/cgroup/a/memory.max", std::to_string(4 * kMiB));
  EXPECT_EQ(memory_of_machine(root_), 4 * kMiB);
}

TEST_F(MachineMemory, KnowsGroupsOfVersionOne) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:devices:/a\n3:memory:/a\n0::/a\n");
  write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", std::to_string(16 * kMiB));
  EXPECT_EQ(memory_of_machine(root_), 16 * kMiB);
}

// Within a container the group's path is that of the machine, and what is mounted is the group.
TEST_F(MachineMemory, FindsTheLimitOfAContainer) {
  write("proc/self/cgroup", "3:hugetlb,memory:/docker/123\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(32 * kMiB));
  EXPECT_EQ(memory_of_machine(root_), 32 * kMiB);
  write("proc/self/cgroup", "broken\n7:memory\n");
  EXPECT_EQ(memory_of_machine(root_), physical());
}

}  // namespace
}  // namespace p2p::diststore
