#include "plugins/stamp.h"

#include "plugins/plugin_file.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using Differences = std::vector<std::string>;

const std::string kHost =
    "abi=2.1;arch=x86_64;stdlib=libstdc++/"
    "cxx11=1;glibcxx_debug=0;thrift=0.17.0;fmt=90100;sanitizer=none;compiler=12.2.0;";

std::string with(const std::string& from, const std::string& to) {
  std::string stamp = kHost;
  return stamp.replace(stamp.find(from), from.size(), to);
}

TEST(Stamp, EqualStampsFit) { EXPECT_EQ(find_differences(kHost, kHost), Differences{}); }

TEST(Stamp, TheHostFitsItself) { EXPECT_EQ(find_differences(host_stamp(), host_stamp()), Differences{}); }

TEST(Stamp, AnOlderMinorFitsAndANewerOneDoesNot) {
  EXPECT_EQ(find_differences(with("abi=2.1", "abi=2.0"), kHost), Differences{});
  EXPECT_EQ(find_differences(with("abi=2.1", "abi=2.2"), kHost), Differences{"abi: plugin 2.2, host 2.1"});
}

TEST(Stamp, AnotherMajorDoesNotFit) {
  EXPECT_EQ(find_differences(with("abi=2.1", "abi=99.0"), kHost), Differences{"abi: plugin 99.0, host 2.1"});
  EXPECT_EQ(find_differences(with("abi=2.1", "abi=0.2"), kHost), Differences{"abi: plugin 0.2, host 2.1"});
}

TEST(Stamp, EveryDifferingFieldIsToldWithBothValues) {
  const std::string plugin =
      "abi=2.1;arch=aarch64;stdlib=libstdc++/cxx11=0;glibcxx_debug=1;thrift=0.16.0;sanitizer=address;compiler=11;";
  EXPECT_EQ(
      find_differences(plugin, kHost),
      (Differences{"arch: plugin aarch64, host x86_64", "stdlib: plugin libstdc++/cxx11=0, host libstdc++/cxx11=1",
                   "glibcxx_debug: plugin 1, host 0", "thrift: plugin 0.16.0, host 0.17.0",
                   "fmt: plugin (none), host 90100", "sanitizer: plugin address, host none"}));
}

TEST(Stamp, ADifferentCompilerIsNoReason) {
  EXPECT_EQ(find_differences(with("compiler=12.2.0", "compiler=13.1"), kHost), Differences{});
}

TEST(Stamp, NonsenseDoesNotFit) {
  for (const std::string plugin : {"", ";;;", "abi", "abi=;", "abi=1", "abi=1.", "abi=1.x;", "=1.0;"}) {
    EXPECT_FALSE(find_differences(plugin, kHost).empty()) << plugin;
  }
}

}  // namespace
}  // namespace p2p::host
