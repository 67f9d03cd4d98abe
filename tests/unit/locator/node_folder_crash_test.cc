// Is a node's folder sound after a crash, or a failure of the disk, at any step? (cluster.md M5, A1, A7, J3)
#include "../../support/rounds.h"
#include "agreed/disk/node_folder.h"
#include "simulated_disk.h"

#include <gtest/gtest.h>

#include <map>

namespace p2p::agreed {
namespace {

const std::filesystem::path kFolder = "/data/locator";
constexpr std::uint64_t kSeeds = 6;  // of what a power cut leaves

// A node's processes, one after the other, and what must be true of the folder after what they were told.
class Processes {
 public:
  explicit Processes(std::shared_ptr<SimulatedDisk> disk) : disk_(std::move(disk)) {}

  // Everything that happens to a folder; ends early when a call fails, as the node does.
  void live() {
    start();
    save("one");
    save("two");
    stop();
    start();
    save("three");
    retire();
    save("four");
    mark_network_end();
    stop();
    start();
    save("five");
    stop();
  }

  // The process has ended; the next one tries anew.
  void end() {
    folder_.reset();
    failure_.clear();
  }

  void live_again() {
    start();
    save("again");
    stop();
  }

  const std::string& failure() const { return failure_; }

 private:
  void start() {
    if (!failure_.empty()) return;
    auto opened = NodeFolder::open(kFolder, {disk_, [this] { return Result<std::uint64_t>(++drawn_); },
                                             [] { return std::chrono::system_clock::time_point{}; }});
    if (!opened.ok()) {
      failure_ = opened.error().text;
      return;
    }
    folder_ = std::move(opened).value();
    const auto saved = folder_->take_saved();
    EXPECT_FALSE(saved && folder_->retired_at_start()) << "what was before is told too long";
    if (folder_->self().id == id_) {
      EXPECT_FALSE(must_be_over_) << "an identity that was over is back";
      EXPECT_TRUE(saved == saved_ || (saving_ && saved == saving_)) << "read: " << saved.value_or("nothing");
    } else {
      EXPECT_TRUE(id_.empty() || may_be_over_) << "another identity for no reason";
      EXPECT_EQ(saved, std::nullopt);
      if (!id_.empty()) expect_kept(folder_->retired_at_start());
    }
    note_identity();
    saved_ = saved;
  }

  void expect_kept(const std::optional<Retired>& retired) {
    ASSERT_TRUE(retired) << "nobody says why the identity is another";
    EXPECT_TRUE(retired->ended_network == kNetwork || !must_be_over_);
    EXPECT_TRUE(disk_->bytes_of(retired->folder / "identity"));
    EXPECT_TRUE(!saved_ || disk_->bytes_of(retired->folder / "agreement").value_or("").ends_with(*saved_));
  }

  void note_identity() {
    const Identity self = folder_->self();
    EXPECT_GT(self.boot.number, boots_[self.id]) << "a boot number was used before";
    boots_[self.id] = self.boot.number;
    id_ = self.id;
    saved_ = saving_ = std::nullopt;
    may_be_over_ = must_be_over_ = false;
  }

  void save(const std::string& bytes) {
    if (!folder_) return;
    saving_ = bytes;
    if (!done(folder_->save(bytes))) return;
    saved_ = bytes;
    saving_.reset();
  }

  void retire() {
    if (!folder_) return;
    may_be_over_ = true;
    const auto retired = folder_->retire("removed");
    if (!done(retired)) return;
    expect_kept(retired.value());
    note_identity();
  }

  void mark_network_end() {
    if (!folder_) return;
    may_be_over_ = true;
    if (done(folder_->mark_network_ended(kNetwork, "the last member left"))) must_be_over_ = true;
  }

  void stop() { folder_.reset(); }

  // After a failure nothing more may be written, whatever the disk would say.
  template <class T>
  bool done(const Result<T>& result) {
    if (result.ok()) return true;
    failure_ = result.error().text;
    disk_->heal();
    const std::size_t steps = disk_->steps();
    EXPECT_EQ(folder_->save("more").error().text, failure_);
    EXPECT_EQ(folder_->retire("more").error().text, failure_);
    EXPECT_EQ(folder_->mark_network_ended(kNetwork, "more").error().text, failure_);
    EXPECT_EQ(disk_->steps(), steps);
    folder_.reset();
    return false;
  }

  std::shared_ptr<SimulatedDisk> disk_;
  std::unique_ptr<NodeFolder> folder_;
  std::uint64_t drawn_ = 0;
  std::string failure_;

  // What was told.
  cluster::NodeId id_;
  std::map<cluster::NodeId, std::uint64_t> boots_;  // the highest that a process had
  std::optional<std::string> saved_;
  std::optional<std::string> saving_;  // not acknowledged
  bool may_be_over_ = false;
  bool must_be_over_ = false;
};

class NodeFolderFaults : public testing::TestWithParam<DiskFault> {
 protected:
  void begin() {
    disk = std::make_shared<SimulatedDisk>();
    processes = std::make_unique<Processes>(disk);
  }

  // Until the fault at this step, if it has that many; false: it has not.
  template <class Act>
  bool fails_at(std::size_t step, Act act) {
    disk->fail_at(step, GetParam());
    try {
      act();
    } catch (const SimulatedEnd&) {
    }
    processes->end();
    return disk->has_failed();
  }

  void come_back(std::uint64_t seed) {
    if (seed == kSeeds) {
      disk->restart_process();
    } else {
      disk->restart_machine(seed);
    }
  }

  std::shared_ptr<SimulatedDisk> disk;
  std::unique_ptr<Processes> processes;
};

TEST_P(NodeFolderFaults, AtAnyStepLeaveTheOldStateOrTheNew) {
  std::size_t steps = 0;
  for (bool is_within = true; is_within; ++steps) {
    for (std::uint64_t seed = 0; seed <= kSeeds; ++seed) {
      SCOPED_TRACE("step " + std::to_string(steps) + ", seed " + std::to_string(seed));
      begin();
      is_within = fails_at(steps, [&] { processes->live(); });
      come_back(seed);
      processes->live_again();
      EXPECT_EQ(processes->failure(), "");
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(steps, 60u);
}

// The first process ends or fails, and what it wrote is in the system's memory only; its successor reads that, and then
// the power goes too.
TEST_P(NodeFolderFaults, OfAStartAfterThemLeaveTheOldStateOrTheNew) {
  for (std::size_t first = 0;; first += kRoundsShare) {
    for (std::size_t second = 0;; ++second) {
      SCOPED_TRACE("steps " + std::to_string(first) + " and " + std::to_string(second));
      begin();
      if (!fails_at(first, [&] { processes->live(); })) return;
      come_back(kSeeds);
      const bool is_within = fails_at(second, [&] { processes->live_again(); });
      come_back((first + second) % kSeeds);
      processes->live_again();
      EXPECT_EQ(processes->failure(), "");
      if (HasFailure()) return;
      if (!is_within) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, NodeFolderFaults,
                         testing::Values(DiskFault::ends_before, DiskFault::ends_after, DiskFault::no_space,
                                         DiskFault::read_only, DiskFault::broken),
                         [](const auto& each) {
                           switch (each.param) {
                             case DiskFault::ends_before:
                               return "EndBefore";
                             case DiskFault::ends_after:
                               return "EndAfter";
                             case DiskFault::no_space:
                               return "NoSpace";
                             case DiskFault::read_only:
                               return "ReadOnly";
                             case DiskFault::broken:
                               return "Broken";
                           }
                           return "";
                         });

}  // namespace
}  // namespace p2p::agreed
