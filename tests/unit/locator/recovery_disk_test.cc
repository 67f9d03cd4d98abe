// J5: a crash, at any step of the disk, leaves who recovers in the former generation or in the next one, from where it
// goes on. The core, its bytes and its folder together, on a simulated disk.
#include "agreed/disk/node_folder.h"
#include "agreed/wire/saved.h"
#include "agreement_fixture.h"
#include "simulated_disk.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>

namespace p2p::agreed {
namespace {

using namespace p2p::cluster;

constexpr std::uint64_t kPowerCuts = 4;  // of what a power cut leaves
constexpr Epoch kClosed = kEpochsOfGeneration + 1;

// The one member that is left of two, of which the other voted.
class Recoverer {
 public:
  explicit Recoverer(std::shared_ptr<SimulatedDisk> disk) : disk_(std::move(disk)) {}

  // False: the process has ended. What is on disk then, is_sound() looks at.
  bool begin() {
    auto opened = NodeFolder::open("/data/locator", {disk_, [this] { return Result<std::uint64_t>(++drawn_); },
                                                     [] { return std::chrono::system_clock::time_point{}; }});
    if (!opened.ok()) return false;
    folder_ = std::move(opened).value();
    SavedAgreement saved;
    if (const auto bytes = folder_->take_saved()) saved = cluster::wire::decode_saved(*bytes).value();
    if (saved.map == nullptr) {
      ClusterMap map = map_of(2, 1);
      map.members[1].id = folder_->self().id;
      map.members[1].boot = folder_->self().boot;
      saved.map = std::make_shared<const ClusterMap>(map);
      static_cast<void>(folder_->save(cluster::wire::encode_saved(saved)));
    }
    agreement_ = std::make_unique<EmbeddedAgreement>(
        EmbeddedAgreement::Self{.id = folder_->self().id, .boot = folder_->self().boot}, LeaseRules{}, saved, now_);
    return true;
  }

  void end() {
    agreement_.reset();
    folder_.reset();
  }

  void recover() {
    const NodeId self = folder_->self().id;
    AgreementEffects effects;
    ASSERT_TRUE(agreement_->recover({.by = self, .survivors = {self}, .voters = {self}, .draw = 0}, effects).ok());
    save(effects);
  }

  void run(Duration duration) {
    for (Duration passed{}; passed < duration; passed += 100ms) {
      now_ += 100ms;
      AgreementEffects effects;
      agreement_->tick(now_, effects);
      save(effects);
      if (folder_ == nullptr) return;
    }
  }

  const ClusterMap& map() const { return *agreement_->latest(); }
  bool is_voter() const { return agreement_->is_voter(); }

 private:
  // A failed write ends the node.
  void save(AgreementEffects& effects) {
    for (const auto& one : effects.saves) {
      const auto saved = folder_->save(cluster::wire::encode_saved(one.what));
      AgreementEffects made;
      if (saved.ok()) agreement_->on_saved(one.id, now_, made);
      if (saved.ok() && !made.saves.empty()) save(made);
    }
  }

  std::shared_ptr<SimulatedDisk> disk_;
  std::uint64_t drawn_ = 0;
  TimePoint now_{1000s};
  std::unique_ptr<NodeFolder> folder_;
  std::unique_ptr<EmbeddedAgreement> agreement_;
};

// What was found on disk after the fault at this step; nullopt: all was done before it.
std::optional<Epoch> after_fault(std::size_t step, DiskFault fault, std::uint64_t seed) {
  const auto disk = std::make_shared<SimulatedDisk>();
  Recoverer node(disk);
  EXPECT_TRUE(node.begin());
  disk->fail_at(step, fault);
  try {
    node.recover();
    node.run(2s);
  } catch (const SimulatedEnd&) {
  }
  if (!disk->has_failed()) return std::nullopt;
  node.end();
  if (seed == 0)
    disk->restart_process();
  else
    disk->restart_machine(seed);
  disk->heal();
  EXPECT_TRUE(node.begin());
  const Epoch found = node.map().epoch;
  if (node.map().generation == 0) {
    EXPECT_FALSE(node.is_voter());
    node.recover();
  }
  node.run(2s);
  EXPECT_EQ(node.map().epoch, kClosed + 1);
  EXPECT_TRUE(node.is_voter());
  return found;
}

TEST(RecoveryDisk, ACrashAtAnyStepLeavesTheOldGenerationOrTheNewOne) {
  std::set<Epoch> found;
  for (const DiskFault fault : {DiskFault::ends_before, DiskFault::ends_after}) {
    for (std::uint64_t seed = 0; seed <= kPowerCuts; ++seed) {
      for (std::size_t step = 0;; ++step) {
        const auto epoch = after_fault(step, fault, seed);
        if (!epoch) break;
        found.insert(*epoch);
      }
    }
  }
  EXPECT_EQ(found, (std::set<Epoch>{1, kClosed, kClosed + 1}));
}

}  // namespace
}  // namespace p2p::agreed
