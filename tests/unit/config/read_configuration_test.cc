#include "config/read_configuration.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

// A folder of files that is gone after the test.
class ReadConfiguration : public testing::Test {
 protected:
  ReadConfiguration() {
    std::string name = (fs::temp_directory_path() / "p2p_config_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ReadConfiguration() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  Table read(const std::string& name) { return read_config_files((folder_ / name).string(), sources_, problems_); }

  // Messages without the folder's name.
  std::string messages() const {
    std::string text = problems_.text(sources_);
    const std::string prefix = folder_.string() + '/';
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
      text.erase(at, prefix.size());
    return text;
  }

  static std::int64_t number_at(const Table& table, const std::string& path) {
    const Entry* entry = find_at(table, split_path(path));
    return entry == nullptr ? -1 : std::get<std::int64_t>(entry->value.data);
  }

  fs::path folder_;
  Sources sources_;
  Problems problems_;
};

TEST_F(ReadConfiguration, IncludedFilesWinOverTheFileThatNamesThem) {
  write("main.toml", "include = [\"conf.d/*.toml\", \"last.toml\"]\n[host]\nio_threads = 1\nport_search = 1\n");
  write("conf.d/b.toml", "[host]\nio_threads = 2\n");
  write("conf.d/a.toml", "include = \"../deep.toml\"\n[log]\nx = 1\n");
  write("deep.toml", "[log]\nx = 2\n");
  write("last.toml", "[services.a]\ny = 3\n");
  const Table table = read("main.toml");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(number_at(table, "host.io_threads"), 2);
  EXPECT_EQ(number_at(table, "host.port_search"), 1);
  EXPECT_EQ(number_at(table, "log.x"), 2);
  EXPECT_EQ(number_at(table, "services.a.y"), 3);
  EXPECT_EQ(sources_.describe(find_at(table, {"host", "io_threads"})->place),
            (folder_ / "conf.d/b.toml").string() + ":2:1");
}

TEST_F(ReadConfiguration, APatternMayMatchNothingButANameMustExist) {
  write("main.toml", "include = [\"none/*.toml\", \"gone.toml\"]\n");
  read("main.toml");
  EXPECT_EQ(messages(),
            "main.toml:1:11: error: 'gone.toml' cannot be read: No such file or directory\n"
            "    1 | include = [\"none/*.toml\", \"gone.toml\"]\n"
            "      |           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
}

TEST_F(ReadConfiguration, AFileThatIncludesItselfIsAnErrorNotALoop) {
  write("main.toml", "include = [\"other.toml\"]\n");
  write("other.toml", "include = [\"main.toml\"]\n");
  read("main.toml");
  EXPECT_NE(messages().find("other.toml:1:11: error: 'main.toml' is not included: it includes itself"),
            std::string::npos)
      << messages();
}

TEST_F(ReadConfiguration, TheMainFileMustBeReadable) {
  read("absent.toml");
  EXPECT_EQ(messages(), "absent.toml: error: cannot be read: No such file or directory\n");
}

TEST_F(ReadConfiguration, AFolderIsNoConfiguration) {
  write("sub/x.toml", "");
  read("sub");
  EXPECT_EQ(messages(), "sub: error: cannot be read: it is a folder\n");
}

TEST_F(ReadConfiguration, MistakesOfSyntaxInSeveralFilesAreAllTold) {
  write("main.toml", "include = [\"a.toml\", \"b.toml\"]\n");
  write("a.toml", "[host\n");
  write("b.toml", "x = = 1\n");
  read("main.toml");
  EXPECT_NE(messages().find("a.toml:1:"), std::string::npos);
  EXPECT_NE(messages().find("b.toml:1:"), std::string::npos);
}

}  // namespace
}  // namespace p2p::host
