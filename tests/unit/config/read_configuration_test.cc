#include "config/read_configuration.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

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

  std::string why_refused(const std::string& name, ConfigRole role = ConfigRole::main) {
    const auto read = read_config_file((folder_ / name).string(), role, 1'000'000, std::chrono::milliseconds(100));
    return read.ok() ? "read: " + read.value() : read.error().text;
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

TEST_F(ReadConfiguration, APipeIsReadToItsEndOnceAndNotAgainAndNotAsAnInclude) {
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  // As slow as a writer may be; what is read is all that he writes.
  std::thread writer([&pipe] {
    std::ofstream file(pipe);
    for (int part = 0; part < 100; ++part) file << "x" << part << " = 1\n" << std::flush;
  });
  const auto read = read_config_file(pipe, ConfigRole::main, 1'000'000);
  writer.join();
  ASSERT_TRUE(read.ok()) << read.error().text;
  EXPECT_TRUE(read.value().starts_with("x0 = 1\n") && read.value().ends_with("x99 = 1\n"));
  EXPECT_NE(why_refused("pipe", ConfigRole::main_again).find("was read when the node started"), std::string::npos);
  EXPECT_EQ(why_refused("pipe", ConfigRole::included), "it is a pipe; only the file that --config names may be one");
}

TEST_F(ReadConfiguration, APipeThatNobodyWritesEndsTheWait) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const std::string late = "it is a pipe whose writer has not come to its end within 0.1 s";
  EXPECT_EQ(why_refused("pipe"), late);
  // Nor may one hold it open.
  std::fstream both(folder_ / "pipe");
  both << "x = 1\n" << std::flush;
  EXPECT_EQ(why_refused("pipe"), late);
}

TEST_F(ReadConfiguration, APipeThatEndsWithoutAByteIsNoEmptyConfiguration) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[1]);
  const auto read = read_config_file("/dev/fd/" + std::to_string(ends[0]), ConfigRole::main, 1'000);
  ::close(ends[0]);
  EXPECT_EQ(read.error().text, "it is a pipe that has ended without a byte");
}

TEST_F(ReadConfiguration, DevicesAndSocketsAreNoConfiguration) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, {}};
  std::strncpy(address.sun_path, (folder_ / "socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  write("main.toml", "include = [\"socket\", \"/dev/null\", \"/dev/zero\"]\n");
  read("main.toml");
  ::close(socket);
  for (const char* why : {"'socket' cannot be read: it is a socket", "'/dev/null' cannot be read: it is a device",
                          "'/dev/zero' cannot be read: it is a device"}) {
    EXPECT_NE(messages().find(why), std::string::npos) << messages();
  }
}

TEST_F(ReadConfiguration, AllFilesTogetherHaveALimit) {
  const std::string half(kConfigBytesMax / 2, '#');
  write("main.toml", "include = [\"a.toml\", \"b.toml\"]\n");
  write("a.toml", half);
  write("b.toml", half);
  read("main.toml");
  EXPECT_EQ(messages().find("'a.toml'"), std::string::npos);
  EXPECT_NE(
      messages().find("'b.toml' cannot be read: the files of a configuration must not be larger than 2097152 bytes "
                      "together"),
      std::string::npos)
      << messages();
}

TEST_F(ReadConfiguration, TooManyIncludesAreToldOnce) {
  std::string list;
  for (int number = 0; number < 600; ++number) list += "\"gone" + std::to_string(number) + "/*\", ";
  write("main.toml", "include = [\"a.toml\", \"b.toml\"]\n");
  write("a.toml", "include = [" + list + "]\n");
  write("b.toml", "include = [" + list + "]\n");
  read("main.toml");
  EXPECT_EQ(problems_.all().size(), 1u);
  EXPECT_NE(messages().find("error: more than 1000 files and patterns are included"), std::string::npos) << messages();
}

TEST_F(ReadConfiguration, AFileIsIncludedOnce) {
  write("main.toml", "include = [\"a.toml\", \"*.toml\"]\n");
  write("a.toml", "[host]\nx = 1\n");
  read("main.toml");
  EXPECT_NE(messages().find("'a.toml' is not included: it was included already, at main.toml:1:11"), std::string::npos)
      << messages();
}

TEST_F(ReadConfiguration, AKeyThatTwoIncludesSetIsToldAtBothOfItsLines) {
  write("main.toml", "include = [\"a.toml\", \"b.toml\"]\n");
  write("a.toml", "[host]\nx = 1\n");
  write("b.toml", "# b\n[host]\nx = 2\n");
  read("main.toml");
  EXPECT_EQ(messages(),
            "a.toml:2:1: error: 'host.x' is also set at b.toml:3:1; one of the two included files has to give way\n"
            "    2 | x = 1\n"
            "      | ^\n"
            "b.toml:3:1: error: 'host.x' is also set at a.toml:2:1; one of the two included files has to give way\n"
            "    3 | x = 2\n"
            "      | ^\n");
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
