// What does --new-plugin write, and what does it refuse? That the result builds and serves is tests/install's to prove.
#include "cli/new_plugin.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

class NewPluginTest : public testing::Test {
 protected:
  NewPluginTest() {
    std::string pattern = (fs::temp_directory_path() / "p2phost-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~NewPluginTest() override { fs::remove_all(folder_); }

  ExitCode make(const std::string& name, std::vector<std::string> needs = {}) {
    out_.str("");
    err_.str("");
    return make_plugin({name, std::move(needs), folder_, templates_, "0.1.0"}, out_, err_);
  }

  std::set<std::string> files(const std::string& name) const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_ / name)) found.insert(entry.path().filename().string());
    return found;
  }

  std::string text(const std::string& path) const {
    std::ifstream in(folder_ / path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  fs::path folder_;
  fs::path templates_ = P2P_TEMPLATES;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(NewPluginTest, MakesSixFilesInTheNameOfThePlugin) {
  ASSERT_EQ(make("tick_tock"), ExitCode::done) << err_.str();
  EXPECT_EQ(files("tick_tock"), (std::set<std::string>{"CMakeLists.txt", "README.md", "tick_tock.cc",
                                                       "tick_tock.thrift", "tick_tock.toml", "tick_tock_test.cc"}));
  EXPECT_NE(text("tick_tock/CMakeLists.txt").find("find_package(p2phost 0.1 REQUIRED)"), std::string::npos);
  EXPECT_NE(text("tick_tock/tick_tock.thrift").find("service TickTock extends locator.Base"), std::string::npos);
  EXPECT_NE(text("tick_tock/tick_tock.cc").find("P2P_NAME(\"tick_tock\")"), std::string::npos);
  EXPECT_NE(out_.str().find("--config tick_tock.toml"), std::string::npos);
}

TEST_F(NewPluginTest, LeavesNothingOfTheTemplatesName) {
  for (const char* need : {"", "locator", "store"}) {
    const std::string name = std::string("clock") + need;
    ASSERT_EQ(make(name, *need == '\0' ? std::vector<std::string>{} : std::vector<std::string>{need}), ExitCode::done);
    for (const std::string& file : files(name)) {
      const std::string content = file + '\n' + text(name + '/' + file);
      EXPECT_EQ(content.find("greeter"), std::string::npos) << file;
      EXPECT_EQ(content.find("Greeter"), std::string::npos) << file;
      EXPECT_EQ(content.find("@P2PHOST"), std::string::npos) << file;
    }
  }
}

TEST_F(NewPluginTest, APluginOnTheLocatorAsksForIt) {
  ASSERT_EQ(make("clock", {"locator"}), ExitCode::done) << err_.str();
  EXPECT_EQ(files("clock").size(), 6u);
  EXPECT_NE(text("clock/clock.cc").find("P2P_REQUIRES(\"p2p.locator.ILocator/3\")"), std::string::npos);
  EXPECT_NE(text("clock/clock.toml").find("[services.locator]"), std::string::npos);
}

TEST_F(NewPluginTest, APluginOnTheStoreAsksForItAndRunsInAnAgreedCluster) {
  ASSERT_EQ(make("clock", {"store"}), ExitCode::done) << err_.str();
  EXPECT_EQ(files("clock").size(), 6u);
  EXPECT_NE(text("clock/clock.cc").find("P2P_REQUIRES(\"p2p.diststore.IStore/1\")"), std::string::npos);
  EXPECT_NE(text("clock/clock.toml").find("mode = \"agreed\""), std::string::npos);
}

TEST_F(NewPluginTest, RefusesWhatHasNoTemplate) {
  EXPECT_EQ(make("clock", {"diststore"}), ExitCode::usage);
  EXPECT_EQ(make("clock", {"locator", "store"}), ExitCode::usage);
  EXPECT_EQ(make("clock", {"locator", "locator"}), ExitCode::done) << err_.str();
}

TEST_F(NewPluginTest, LeavesAFolderThatExistsAsItIs) {
  fs::create_directory(folder_ / "clock");
  EXPECT_EQ(make("clock"), ExitCode::cannot_create);
  EXPECT_NE(err_.str().find("exists already"), std::string::npos) << err_.str();
  EXPECT_TRUE(fs::is_empty(folder_ / "clock"));
}

TEST_F(NewPluginTest, RefusesNamesThatNoPluginCanHave) {
  for (const char* name :
       {"", "Clock", "1clock", "_clock", "my-clock", "my.clock", "../clock", "clock/", "uhr\xc3\xbc"}) {
    EXPECT_EQ(make(name), ExitCode::usage) << name;
    EXPECT_NE(err_.str().find("begins with a small letter"), std::string::npos) << err_.str();
  }
  EXPECT_EQ(make(std::string(65, 'a')), ExitCode::usage);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(NewPluginTest, RefusesNamesThatAreTaken) {
  for (const char* name : {"locator", "diststore", "base", "test", "package", "none"}) {
    EXPECT_EQ(make(name), ExitCode::usage) << name;
    EXPECT_NE(err_.str().find("is taken"), std::string::npos) << err_.str();
  }
}

TEST_F(NewPluginTest, RefusesToRequireWhatHasNoTemplate) {
  EXPECT_EQ(make("clock", {"diststore"}), ExitCode::usage);
  EXPECT_NE(err_.str().find("'diststore'"), std::string::npos) << err_.str();
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(NewPluginTest, SaysThatTheFolderToMakeItInIsMissing) {
  fs::remove(folder_);
  EXPECT_EQ(make("clock"), ExitCode::cannot_create);
  EXPECT_NE(err_.str().find("--dir"), std::string::npos) << err_.str();
}

TEST_F(NewPluginTest, SaysThatTheTemplatesAreNotInstalled) {
  templates_ = folder_ / "nothing";
  EXPECT_EQ(make("clock"), ExitCode::system);
  EXPECT_NE(err_.str().find("p2phost-dev"), std::string::npos) << err_.str();
}

TEST(FillIn, DoesNotLookAgainAtWhatItPutIn) {
  EXPECT_EQ(fill_in("a b", {{"a", "b"}, {"b", "a"}}), "b a");
  EXPECT_EQ(fill_in("", {{"a", "b"}}), "");
}

TEST(ServiceOf, IsWrittenInCamelCase) {
  EXPECT_EQ(service_of("clock"), "Clock");
  EXPECT_EQ(service_of("tick_tock2"), "TickTock2");
  EXPECT_EQ(service_of("a__b_"), "AB");
}

}  // namespace
}  // namespace p2p::host
