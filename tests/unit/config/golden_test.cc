// Every golden/NAME.toml is checked, and what is said about it must be golden/NAME.txt, byte for byte.
#include "configuration_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace p2p::host::test {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(P2P_GOLDEN_DIR)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, MistakesAreToldWordForWord) {
  const fs::path folder = P2P_GOLDEN_DIR;
  // As node n3, so that an overlay applies where there is one.
  const Checked checked(bytes_of(folder / (GetParam() + ".toml")), {}, {}, {}, "n3");
  const std::string expected = bytes_of(folder / (GetParam() + ".txt"));
  EXPECT_EQ(checked.messages(), expected);
  EXPECT_TRUE(checked.problems().has_errors());
}

INSTANTIATE_TEST_SUITE_P(Configuration, Golden, testing::ValuesIn(golden_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace p2p::host::test
