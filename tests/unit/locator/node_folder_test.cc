// Who is a node, by its folder, and what does it refuse? (cluster.md M5, J3, J4)
#include "agreed/disk/node_folder.h"
#include "simulated_disk.h"

#include <gtest/gtest.h>

namespace p2p::agreed {
namespace {

using Names = std::vector<std::string>;

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class NodeFolderTest : public testing::Test {
 protected:
  static constexpr const char* kPlace = "/data/locator";

  Result<std::unique_ptr<NodeFolder>> open(const std::filesystem::path& folder = kPlace) {
    return NodeFolder::open(folder, {disk, [this] { return Result<std::uint64_t>(++drawn); },
                                     [] { return std::chrono::system_clock::time_point(std::chrono::days(20'000)); }});
  }
  std::unique_ptr<NodeFolder> opened(const std::filesystem::path& folder = kPlace) {
    auto result = open(folder);
    if (!result.ok()) ADD_FAILURE() << result.error().text;
    return result.ok() ? std::move(result).value() : nullptr;
  }

  // Each must be refused, with its way out, and change nothing.
  void expect_refused(const char* file, const std::string& why) {
    const auto before = disk->bytes_of(file);
    const auto result = open();
    ASSERT_FALSE(result.ok()) << file;
    EXPECT_TRUE(says(result.error().text, file)) << result.error().text;
    EXPECT_TRUE(says(result.error().text, why)) << result.error().text;
    EXPECT_TRUE(says(result.error().text, "; move the folder /data/locator")) << result.error().text;
    EXPECT_EQ(disk->bytes_of(file), before);
  }

  void expect_refused_at_each_bit(const char* file) {
    const std::string good = *disk->bytes_of(file);
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      SCOPED_TRACE(bit);
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
      disk->put(file, bad);
      expect_refused(file, "cannot be used: ");
    }
    disk->put(file, good);
  }

  std::shared_ptr<SimulatedDisk> disk = std::make_shared<SimulatedDisk>();
  std::uint64_t drawn = 0;
};

TEST_F(NodeFolderTest, KeepsItsIdAndRaisesTheBootNumberWithEachStart) {
  const Identity first = opened()->self();
  const Identity second = opened()->self();
  EXPECT_FALSE(first.id.empty());
  EXPECT_EQ(first.id, second.id);
  EXPECT_EQ(first.boot.number, 1u);
  EXPECT_EQ(second.boot.number, 2u);
  EXPECT_NE(first.boot.nonce, second.boot.nonce);
}

TEST_F(NodeFolderTest, ReadsWhatWasSavedLast) {
  EXPECT_EQ(opened()->take_saved(), std::nullopt);
  {
    const auto folder = opened();
    ASSERT_TRUE(folder->save("first").ok());
    ASSERT_TRUE(folder->save(std::string("sec\0nd", 6)).ok());
  }
  const auto folder = opened();
  EXPECT_EQ(folder->take_saved(), std::string("sec\0nd", 6));
  EXPECT_EQ(folder->take_saved(), std::nullopt);
}

TEST_F(NodeFolderTest, SavesNothing_WhichIsNotTheSameAsNotSaving) {
  ASSERT_TRUE(opened()->save("").ok());
  EXPECT_EQ(opened()->take_saved(), "");
}

TEST_F(NodeFolderTest, ACopiedFolderStartsWithTheSameNumberAndAnotherNonce) {
  opened();
  disk->copy(kPlace, "/data/copy");
  const Identity original = opened()->self();
  const Identity copy = opened("/data/copy")->self();
  EXPECT_EQ(copy.id, original.id);
  EXPECT_TRUE(cluster::is_copy(copy.boot, original.boot));
}

TEST_F(NodeFolderTest, IsHeldByOneProcessAtATime) {
  auto first = opened();
  const auto second = open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::refused);
  first.reset();
  EXPECT_EQ(opened()->self().boot.number, 2u);
}

TEST_F(NodeFolderTest, RetiringDatesTheOldIdentityAwayAndBeginsANewOne) {
  const auto folder = opened();
  const Identity old = folder->self();
  ASSERT_TRUE(folder->save("promised").ok());
  const auto retired = folder->retire("node 2 has removed it");
  ASSERT_TRUE(retired.ok()) << retired.error().text;
  EXPECT_EQ(retired.value().folder, "/data/locator/node.20241004T000000Z");
  EXPECT_EQ(retired.value().reason, "node 2 has removed it");
  EXPECT_TRUE(retired.value().ended_network.empty());
  EXPECT_NE(folder->self().id, old.id);
  EXPECT_EQ(folder->self().boot.number, 1u);
  EXPECT_EQ(disk->names_in(kPlace), (Names{"ended", "lock", "node", "node.20241004T000000Z"}));
  EXPECT_EQ(disk->names_in(retired.value().folder), (Names{"agreement", "identity"}));
  EXPECT_EQ(disk->names_in("/data/locator/node"), (Names{"identity"}));

  ASSERT_TRUE(folder->save("as new").ok());
  EXPECT_EQ(disk->names_in(kPlace), (Names{"lock", "node", "node.20241004T000000Z", "node.20241004T000000Z.ended"}));
  EXPECT_NE(folder->retire("again").value().folder, retired.value().folder);
}

TEST_F(NodeFolderTest, SaysUntilTheNextSaveWhichIdentityWasBefore) {
  ASSERT_TRUE(opened()->retire("removed").ok());
  auto folder = opened();
  ASSERT_TRUE(folder->retired_at_start());
  EXPECT_EQ(folder->retired_at_start()->reason, "removed");
  EXPECT_TRUE(folder->retired_at_start()->ended_network.empty());
  ASSERT_TRUE(folder->save("has joined").ok());
  folder.reset();
  EXPECT_FALSE(opened()->retired_at_start());
}

TEST_F(NodeFolderTest, AfterTheEndOfTheNetworkTheNextStartIsANewNode) {
  auto folder = opened();
  const Identity old = folder->self();
  ASSERT_TRUE(folder->save("promised").ok());
  ASSERT_TRUE(folder->mark_network_ended(kNetwork, "the last member has left").ok());
  EXPECT_EQ(folder->self().id, old.id);
  folder.reset();

  folder = opened();
  EXPECT_NE(folder->self().id, old.id);
  EXPECT_EQ(folder->take_saved(), std::nullopt);
  ASSERT_TRUE(folder->retired_at_start());
  EXPECT_EQ(folder->retired_at_start()->ended_network, kNetwork);
  EXPECT_EQ(folder->retired_at_start()->reason, "the last member has left");
  EXPECT_TRUE(disk->bytes_of(folder->retired_at_start()->folder / "agreement")->ends_with("promised"));
}

TEST_F(NodeFolderTest, AnEndingHasNothingToDoWithIdentitiesAfterTheNext) {
  ASSERT_TRUE(opened()->mark_network_ended(kNetwork, "all have left").ok());
  ASSERT_TRUE(opened()->save("founded anew").ok());
  EXPECT_EQ(disk->names_in(kPlace), (Names{"lock", "node", "node.20241004T000000Z", "node.20241004T000000Z.ended"}));
  disk->remove("/data/locator/node");
  EXPECT_FALSE(opened()->retired_at_start());
}

TEST_F(NodeFolderTest, AnEndingOfANodeThatHasSavedNothingIsOneToo) {
  ASSERT_TRUE(opened()->mark_network_ended(kNetwork, "first").ok());
  {
    const auto folder = opened();
    ASSERT_TRUE(folder->mark_network_ended(kNetwork, "second").ok());
    ASSERT_TRUE(folder->save("late").ok());
  }
  EXPECT_EQ(opened()->retired_at_start()->reason, "second");
}

TEST_F(NodeFolderTest, CutsALongReason) {
  EXPECT_EQ(opened()->retire(std::string(5000, 'x')).value().reason, std::string(kReasonBytesMax, 'x'));
  EXPECT_EQ(opened()->retired_at_start()->reason.size(), kReasonBytesMax);
}

TEST_F(NodeFolderTest, RefusesADamagedFileAtEachBit) {
  auto folder = opened();
  ASSERT_TRUE(folder->save("promised").ok());
  folder.reset();
  expect_refused_at_each_bit("/data/locator/node/identity");
  expect_refused_at_each_bit("/data/locator/node/agreement");
  ASSERT_TRUE(opened()->mark_network_ended(kNetwork, "all have left").ok());
  expect_refused_at_each_bit("/data/locator/ended");
}

TEST_F(NodeFolderTest, RefusesACutFileAtEachLength) {
  ASSERT_TRUE(opened()->save("promised").ok());
  for (const char* file : {"/data/locator/node/identity", "/data/locator/node/agreement"}) {
    const std::string good = *disk->bytes_of(file);
    for (std::size_t length = 0; length < good.size(); ++length) {
      SCOPED_TRACE(length);
      disk->put(file, good.substr(0, length));
      expect_refused(file, length < 8 ? "it is no file of p2phost" : "it is cut short");
    }
    disk->put(file, good + '\0');
    const auto longer = open();
    EXPECT_FALSE(longer.ok()) << file;
    disk->put(file, good);
  }
  EXPECT_TRUE(open().ok());
}

TEST_F(NodeFolderTest, RefusesWhatANewerVersionWrote) {
  opened();
  std::string bytes = *disk->bytes_of("/data/locator/node/identity");
  bytes[9] = 2;
  disk->put("/data/locator/node/identity", bytes);
  expect_refused("/data/locator/node/identity", "a newer version of p2phost wrote it");
}

TEST_F(NodeFolderTest, RefusesAForeignFile) {
  opened();
  disk->put("/data/locator/node/identity", "127.0.0.1 localhost\n");
  expect_refused("/data/locator/node/identity", "it is no file of p2phost");
}

TEST_F(NodeFolderTest, RefusesOneOfItsFilesUnderTheNameOfAnother) {
  ASSERT_TRUE(opened()->mark_network_ended(kNetwork, "").ok());
  disk->put("/data/locator/node/identity", *disk->bytes_of("/data/locator/ended"));
  expect_refused("/data/locator/node/identity", "it is another file of this node");
}

TEST_F(NodeFolderTest, RefusesPromisesWithoutAnIdentity) {
  ASSERT_TRUE(opened()->save("promised").ok());
  disk->remove("/data/locator/node/identity");
  expect_refused("/data/locator/node/identity", "it is missing, but what the node has promised is there");
}

TEST_F(NodeFolderTest, RefusesThePromisesOfAnotherNode) {
  ASSERT_TRUE(opened()->save("promised").ok());
  ASSERT_TRUE(opened("/data/other")->save("promised").ok());
  disk->put("/data/locator/node/agreement", *disk->bytes_of("/data/other/node/agreement"));
  expect_refused("/data/locator/node/agreement", "files of two folders were mixed");
}

TEST_F(NodeFolderTest, RefusesTooMuchToKeep) {
  const auto folder = opened();
  ASSERT_TRUE(folder->save("promised").ok());
  EXPECT_FALSE(folder->save(std::string(kAgreementBytesMax + 1, 'x')).ok());
  EXPECT_FALSE(folder->save("more").ok());
  disk->restart_process();
  EXPECT_EQ(opened()->take_saved(), "promised");
}

TEST_F(NodeFolderTest, WithoutRandomnessThereIsNoIdentity) {
  const auto folder = NodeFolder::open(kPlace, {disk,
                                                [] {
                                                  return Result<std::uint64_t>(Error{ErrorKind::local, "none"});
                                                },
                                                [] { return std::chrono::system_clock::time_point(); }});
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().text, "none");
  EXPECT_EQ(opened()->self().boot.number, 1u);
}

TEST_F(NodeFolderTest, AFolderMovedAwayMakesANewNode) {
  const Identity old = opened()->self();
  disk->remove("/data/locator/node");
  EXPECT_NE(opened()->self().id, old.id);
}

}  // namespace
}  // namespace p2p::agreed
