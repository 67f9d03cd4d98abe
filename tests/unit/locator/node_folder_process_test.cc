// Do real processes share a folder as they should, and what does a real one leave when the disk fails it? (cluster.md
// M5)
#include "child_program.h"
#include "scratch_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace p2p::agreed {
namespace {

using Lines = std::vector<std::string>;
using test::ChildProgram;

std::vector<std::string> words(const std::string& line) {
  std::istringstream text(line);
  return {std::istream_iterator<std::string>(text), {}};
}

class NodeFolderProcess : public testing::Test {
 protected:
  std::vector<std::string> command(std::vector<std::string> rest = {}) const {
    rest.insert(rest.begin(), {P2P_PROBE, place.native()});
    return rest;
  }

  // In memory where that can be: hundreds of processes that each sync ten times take long on a slow disk.
  static std::filesystem::path memory() {
    return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
  }

  host::test::ScratchFolder scratch{memory()};
  std::filesystem::path place = scratch.path() / "locator";
};

TEST_F(NodeFolderProcess, ASecondProcessIsToldWhichOneHoldsTheFolder) {
  ChildProgram first(command({"hold"}));
  first.line();
  ASSERT_EQ(first.line(), "holding");

  ChildProgram second(command());
  EXPECT_EQ(second.lines(),
            Lines{"failed " + place.native() + " is in use by process " + std::to_string(first.number()) +
                  "; stop that one, or give each node its own [host] data_dir"});
  EXPECT_EQ(second.wait(), 1);
}

TEST_F(NodeFolderProcess, WithoutANumberInTheLockItSaysThatThereIsOne) {
  ChildProgram first(command({"hold"}));
  first.line();
  ASSERT_EQ(first.line(), "holding");
  std::ofstream(place / "lock") << "not a number";
  ChildProgram second(command());
  EXPECT_NE(second.line().find("is in use by another process;"), std::string::npos);
}

TEST_F(NodeFolderProcess, AKilledProcessHoldsNothing) {
  ChildProgram first(command({"save:one", "hold"}));
  const std::string start = first.line();
  while (first.line() != "holding") continue;
  first.kill();
  EXPECT_EQ(first.wait(), -SIGKILL);

  ChildProgram second(command());
  const auto before = words(start);
  const auto after = words(second.line());
  ASSERT_EQ(after.size(), 5u);
  EXPECT_EQ(after[1], before[1]);
  EXPECT_EQ(after[2], "2");
  EXPECT_NE(after[3], before[3]);
  EXPECT_EQ(after[4], "saved:one");
}

TEST_F(NodeFolderProcess, TwoCopiesOfAFolderHaveOneIdAndNumberAndTwoNonces) {
  ChildProgram(command({"save:one"})).lines();
  const std::filesystem::path copy = scratch.path() / "copy";
  std::filesystem::copy(place, copy, std::filesystem::copy_options::recursive);
  ChildProgram original(command());
  ChildProgram copied({P2P_PROBE, copy.native()});
  const auto one = words(original.line());
  const auto other = words(copied.line());
  EXPECT_EQ(one[1], other[1]);
  EXPECT_EQ(one[2], other[2]);
  EXPECT_NE(one[3], other[3]);
}

#ifdef P2P_DISK_FAULTS
class FailingDisk : public NodeFolderProcess {
 protected:
  static std::string bytes_of(const std::filesystem::path& file) { return host::test::bytes_of(file); }
  std::filesystem::path trace_file() const { return scratch.path() / "trace"; }

  // With `what` ("any 3 EIO") happening to it; its output.
  Lines run(const std::vector<std::string>& to_run, const std::string& what) {
    std::filesystem::remove(trace_file());
    ChildProgram program(to_run,
                         {std::string("LD_PRELOAD=") + P2P_DISK_FAULTS, "P2P_DISK_FAULT=" + place.native() + " " + what,
                          "P2P_DISK_TRACE=" + trace_file().native()});
    Lines lines = program.lines();
    status = program.wait();
    return lines;
  }
  std::vector<Lines> trace_lines() const {
    std::vector<Lines> all;
    std::ifstream file(trace_file());
    for (std::string line; std::getline(file, line);) all.push_back(words(line));
    return all;
  }
  bool has_failed() const { return bytes_of(trace_file()).find(" *\n") != std::string::npos; }

  int status = 0;
};

// What is written is on disk before it gets its name, and the name before anybody is told.
TEST_F(FailingDisk, CountsTheCallsBelowTheFolder) {
  run(command({"save:one"}), "any 0 EIO");
  EXPECT_EQ(status, 0);
  std::string trace;
  for (std::size_t number = 1; const auto& parts : trace_lines()) {
    EXPECT_EQ(parts[0], std::to_string(number++));
    trace += parts[1] + " " + std::filesystem::relative(parts[2], place).native() + "\n";
  }
  EXPECT_TRUE(trace.starts_with("mkdir .\nopen lock\nwrite lock\n")) << trace;
  EXPECT_TRUE(
      trace.ends_with("unlink node/agreement.new\nopen node/agreement.new\nwrite node/agreement.new\n"
                      "fsync node/agreement.new\nrename node/agreement\nopen node\nfsync node\n"))
      << trace;
}

TEST_F(FailingDisk, FailsTheCallThatItWasToldToFailWithThatError) {
  const Lines lines = run(command({"save:one", "save:two"}), "fsync 7 EIO");
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(status, 1);
  EXPECT_NE(lines.back().find("failed cannot sync "), std::string::npos) << lines.back();
  EXPECT_NE(lines.back().find(": Input/output error; the disk may be failing"), std::string::npos) << lines.back();
}

TEST_F(FailingDisk, EndsTheProcessBeforeOrAfterTheCall) {
  run(command({"save:one"}), "rename 2 exit-before");
  EXPECT_EQ(status, 77);
  EXPECT_FALSE(std::filesystem::exists(place / "node" / "agreement"));
  run(command({"save:one"}), "rename 2 exit-after");
  EXPECT_EQ(status, 77);
  EXPECT_TRUE(std::filesystem::exists(place / "node" / "agreement"));
}

TEST_F(FailingDisk, AShortWriteOrAnInterruptedCallHarmsNothing) {
  for (const char* what :
       {"write 1 short", "write 2+ short", "any 1+ short", "open 3 EINTR", "write 3 EINTR", "fsync 2 EINTR"}) {
    SCOPED_TRACE(what);
    run(command({"save:one", "save:two"}), what);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(std::string(what).starts_with("any") || has_failed());
    EXPECT_TRUE(bytes_of(place / "node" / "agreement").ends_with("two"));
  }
}

// What a process was told, line by line, and what its successor may read.
struct Told {
  explicit Told(const Lines& lines, const std::vector<std::string>& commands) {
    std::size_t done = 0;
    for (const std::string& line : lines) {
      const auto parts = words(line);
      if (parts[0] == "start" || parts[0] == "retired") {
        id = parts[1];
        boots[id] = std::stoul(parts[2]);
        saved.clear();
      } else if (parts[0] == "saved") {
        saved = parts[1];
      }
      if (parts[0] != "start" && parts[0] != "failed") ++done;
      has_ended = parts[0] == "ended";
    }
    next = done < commands.size() ? commands[done] : "";
  }

  std::string id;
  std::map<std::string, std::size_t> boots;
  std::string saved;
  std::string next;  // under way
  bool has_ended = false;
};

TEST_F(FailingDisk, AtAnyCallLeavesTheOldStateOrTheNew) {
  const std::vector<std::string> commands{"save:one", "save:two", "retire", "save:three", "end"};
  for (const char* act : {"EIO", "exit-after"}) {
    for (int number = 1;; ++number) {
      SCOPED_TRACE(std::to_string(number) + " " + act);
      std::filesystem::remove_all(place);
      const Told told(run(command(commands), "any " + std::to_string(number) + " " + act), commands);
      if (!has_failed()) {
        EXPECT_GT(number, 40);
        EXPECT_EQ(status, 0);
        break;
      }
      ChildProgram successor(command());
      const auto start = words(successor.line());
      ASSERT_EQ(successor.wait(), 0);
      ASSERT_GE(start.size(), 4u);
      if (told.id.empty()) continue;
      if (start[1] == told.id) {
        EXPECT_FALSE(told.has_ended);
        EXPECT_GT(std::stoul(start[2]), told.boots.at(told.id));
        const std::string saved = start.size() > 4 && start[4].starts_with("saved:") ? start[4].substr(6) : "";
        EXPECT_TRUE(saved == told.saved || "save:" + saved == told.next) << saved;
      } else {
        EXPECT_TRUE(told.has_ended || told.next == "retire" || told.next == "end");
        EXPECT_EQ(told.boots.count(start[1]), 0u);
        ASSERT_EQ(start.size(), 5u);
        EXPECT_TRUE(start[4].starts_with("before:" + place.native() + "/node."));
      }
    }
  }
}
#endif

}  // namespace
}  // namespace p2p::agreed
