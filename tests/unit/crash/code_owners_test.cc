#include "crash/code_owners.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <thread>

namespace p2p::host {
namespace {

std::uintptr_t address_of(void (*function)()) { return reinterpret_cast<std::uintptr_t>(function); }

void own_function() {}

TEST(CodeOwners, KnowTheHostsOwnProgram) {
  record_host_code();
  EXPECT_TRUE(owner_of(address_of(own_function)).is_host);
  EXPECT_FALSE(owner_of(0).is_known());
  EXPECT_FALSE(owner_of(reinterpret_cast<std::uintptr_t>(&::getppid)).is_known());
}

// The C library stands in for a plugin: its code is known to lie elsewhere than our own, and no sanitizer
// stands in for these functions.
TEST(CodeOwners, NameThePluginWhoseLibraryAnAddressLiesIn) {
  record_plugin_code("fake", "1.2.3", reinterpret_cast<const void*>(&::getpid));
  record_plugin_code("again", "9", reinterpret_cast<const void*>(&::getpid));
  const CodeOwner owner = owner_of(reinterpret_cast<std::uintptr_t>(&::getppid));
  ASSERT_NE(owner.plugin, nullptr);
  EXPECT_STREQ(owner.plugin->name.data(), "fake");
  EXPECT_STREQ(owner.plugin->version.data(), "1.2.3");
  EXPECT_EQ(std::string(owner.plugin->build_id.data()).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(std::string(owner.plugin->build_id.data()).size(), 40u);
  EXPECT_GE(owner.address, owner.plugin->begin);
  EXPECT_GE(owner.plugin->begin, owner.plugin->base);
}

TEST(CodeOwners, NameThePluginThatTheThreadLoadsAndOnlyThere) {
  EXPECT_EQ(plugin_being_loaded(), nullptr);
  {
    const PluginBeingLoaded mark("slow", "0.1.0");
    ASSERT_NE(plugin_being_loaded(), nullptr);
    EXPECT_STREQ(plugin_being_loaded()->name.data(), "slow");
    const PluginCode* elsewhere = plugin_being_loaded();
    std::thread([&elsewhere] { elsewhere = plugin_being_loaded(); }).join();
    EXPECT_EQ(elsewhere, nullptr);
  }
  EXPECT_EQ(plugin_being_loaded(), nullptr);
}

}  // namespace
}  // namespace p2p::host
