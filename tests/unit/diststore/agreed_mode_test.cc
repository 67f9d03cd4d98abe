// The mode of an agreed cluster: which clusters it can serve, and whom it tells about its life.
#include "agreed/agreed_mode.h"
#include "agreed_calls.h"

#include <p2p/completion.h>

namespace p2p::diststore::agreed {
namespace {

class FakeService final : public ReplicaService {
 public:
  explicit FakeService(FakeReplicas& replicas) : replicas_(replicas) {}

  void write(Partition partition, std::shared_ptr<Batch> batch, ReplicaStore::Done done) override {
    replicas_.write(partition, std::move(batch), std::move(done));
  }
  void read(Partition partition, std::string key, KeyHash hash, ReplicaStore::Done done) override {
    replicas_.read(partition, std::move(key), hash, std::move(done));
  }
  void settle(Partition partition, ReplicaStore::Done done) override { replicas_.settle(partition, std::move(done)); }
  const ReadGate& gate() const override { return replicas_.gate(); }
  const Engine& engine() const override { return replicas_.engine(); }
  TimePoint lease_held_until() const override { return replicas_.lease_held_until(); }
  const CopyGate& copies() const override { return replicas_.copies(); }
  NewestMap newest_map() const override { return replicas_.newest_map(); }
  WallMs wall_now() const override { return replicas_.wall_now(); }
  std::uint32_t feature_level() const noexcept override { return replicas_.feature_level(); }

  Result<p2p::Done> start(Context&) override { return p2p::Done{}; }
  void when_established(Completion done) override { done(); }
  Result<p2p::Done> may_end() const override { return Error{ErrorKind::invalid, "the only copy"}; }
  void stop() override { is_stopped = true; }

  bool is_stopped = false;

 private:
  FakeReplicas& replicas_;
};

TEST_F(AgreedCalls, TheModeServesByItsCopiesAndTellsThemAboutItsLife) {
  const auto service = std::make_shared<FakeService>(*replicas);
  AgreedMode mode(*store, locator, "diststore", service);
  store->routing = mode.routing();
  store->keys = mode.keys();
  keep("a", "apple");
  EXPECT_EQ(read_of(*read("a")).value, "apple");
  bool is_established = false;
  mode.when_established(Completion([&] { is_established = true; }));
  EXPECT_TRUE(is_established);
  mode.begin_leave();
  EXPECT_EQ(mode.may_end().error().text, "the only copy");
  mode.stop();
  EXPECT_TRUE(service->is_stopped);
}

TEST(AgreedMode, MessagesThatAreTooSmallAreRefusedWithTheFix) {
  EXPECT_TRUE(fits_messages(16U << 20).ok());
  EXPECT_NE(fits_messages(1U << 20).error().text.find("frame_bytes_max"), std::string::npos);
}

TEST(AgreedMode, AClusterWithAnotherNumberOfPartitionsIsRefusedWithTheFix) {
  EXPECT_TRUE(fits_partitions(kPartitions).ok());
  for (const std::uint32_t partitions : {1U, 1024U, 65'536U}) {
    const auto fit = fits_partitions(partitions);
    ASSERT_FALSE(fit.ok());
    EXPECT_NE(fit.error().text.find("partitions = 4096 in [services.locator.config]"), std::string::npos);
  }
}

}  // namespace
}  // namespace p2p::diststore::agreed
