// Is what a strand saves on disk before it is told so, and only the newest written? (cluster.md A1)
#include "agreed/disk/save_queue.h"
#include "simulated_disk.h"

#include <gtest/gtest.h>

#include <thread>

namespace p2p::agreed {
namespace {

// A disk whose writes wait until they are let through.
class HeldDisk final : public FileSystem {
 public:
  explicit HeldDisk(std::shared_ptr<SimulatedDisk> disk) : disk_(std::move(disk)) {}

  void hold() {
    const std::scoped_lock lock(mutex_);
    is_held_ = true;
  }
  void let_through() {
    const std::scoped_lock lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }
  void wait_for_a_write() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_writing_; });
  }

  Result<Done> make_folder(const std::filesystem::path& folder) override { return disk_->make_folder(folder); }
  Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& file) override { return disk_->lock(file); }
  Result<std::optional<std::string>> read(const std::filesystem::path& file, std::size_t bytes_max) override {
    return disk_->read(file, bytes_max);
  }
  Result<Done> write(const std::filesystem::path& file, std::string_view bytes) override {
    std::unique_lock lock(mutex_);
    is_writing_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_held_; });
    is_writing_ = false;
    return disk_->write(file, bytes);
  }
  Result<Done> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return disk_->rename(from, to);
  }
  Result<Done> sync_folder(const std::filesystem::path& folder) override { return disk_->sync_folder(folder); }
  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override { return disk_->list(folder); }

 private:
  std::shared_ptr<SimulatedDisk> disk_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
  bool is_writing_ = false;
};

class SaveQueueTest : public testing::Test {
 protected:
  SaveQueueTest() { open(); }
  ~SaveQueueTest() override { stop(); }

  void open() {
    folder.reset();
    auto opened = NodeFolder::open("/data/locator", {held, [this] { return Result<std::uint64_t>(++drawn); },
                                                     [] { return std::chrono::system_clock::time_point(); }});
    ASSERT_TRUE(opened.ok());
    folder = std::move(opened).value();
    queue = std::make_unique<SaveQueue>(*folder, queue_events());
  }

  SaveQueue::Events queue_events() {
    return {.saved = [this](SaveQueue::SaveId highest) { tell("saved " + std::to_string(highest)); },
            .failed = [this](const Error& error) { tell("failed: " + error.text); },
            .retired =
                [this](const Identity& now, const Retired& before) {
                  identity = now;
                  tell("retired: " + before.reason);
                },
            .network_end_marked = [this] { tell("marked"); }};
  }

  void start() {
    thread = std::jthread([this](const std::stop_token& token) { queue->run(token); });
  }
  void stop() {
    held->let_through();
    thread = {};
  }

  void tell(const std::string& event) {
    const std::scoped_lock lock(mutex);
    told.push_back(event);
    changed.notify_all();
  }
  void wait_for(const std::string& event) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !told.empty() && told.back() == event; });
  }

  std::optional<std::string> on_disk() {
    open();
    return folder->take_saved();
  }

  std::shared_ptr<SimulatedDisk> disk = std::make_shared<SimulatedDisk>();
  std::shared_ptr<HeldDisk> held = std::make_shared<HeldDisk>(disk);
  std::uint64_t drawn = 0;
  std::unique_ptr<NodeFolder> folder;
  std::unique_ptr<SaveQueue> queue;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> told;
  Identity identity;
  std::jthread thread;
};

using Events = std::vector<std::string>;

TEST_F(SaveQueueTest, WhatItSaysIsSavedOutlastsAPowerCut) {
  start();
  queue->save(1, "one");
  wait_for("saved 1");
  queue->save(2, "two");
  wait_for("saved 2");
  stop();
  disk->restart_machine(0);
  EXPECT_EQ(on_disk(), "two");
}

TEST_F(SaveQueueTest, OfWhatWaitsOnlyTheNewestIsEncodedAndWritten) {
  start();
  held->hold();
  queue->save(1, "one");
  held->wait_for_a_write();
  queue->save(2, [this] {
    tell("encoded 2");
    return std::string("two");
  });
  queue->save(3, [this] {
    tell("encoded 3");
    return std::string("three");
  });
  held->let_through();
  wait_for("saved 3");
  EXPECT_EQ(told, (Events{"saved 1", "encoded 3", "saved 3"}));
}

TEST_F(SaveQueueTest, AStopWritesWhatWaits) {
  start();
  held->hold();
  queue->save(1, "one");
  held->wait_for_a_write();
  queue->save(2, "two");
  thread.request_stop();
  stop();
  EXPECT_EQ(told, (Events{"saved 1", "saved 2"}));
  EXPECT_EQ(on_disk(), "two");
}

TEST_F(SaveQueueTest, WhatIsSavedAfterTheStopIsNotAcknowledged) {
  start();
  stop();
  queue->save(1, "one");
  queue->retire("late");
  start();
  stop();
  EXPECT_EQ(told, Events{});
  EXPECT_EQ(on_disk(), std::nullopt);
}

TEST_F(SaveQueueTest, AfterAFailureNothingIsWrittenEver) {
  queue->save(1, "one");
  disk->fail_at(0, DiskFault::no_space);
  start();
  wait_for("failed: /data/locator/node/agreement.new: no space left on device (simulated)");
  queue->save(2, "two");
  queue->retire("removed");
  queue->resume();
  queue->save(3, "three");
  stop();
  EXPECT_EQ(told.size(), 1u);
  EXPECT_EQ(on_disk(), std::nullopt);
  EXPECT_FALSE(folder->retired_at_start());
}

TEST_F(SaveQueueTest, RetiringDropsWhatWaitsAndTakesNothingUntilResumed) {
  start();
  held->hold();
  queue->save(1, "one");
  held->wait_for_a_write();
  queue->save(2, "two");
  queue->retire("removed");
  queue->save(3, "three");
  queue->retire("removed twice");
  held->let_through();
  wait_for("retired: removed");
  queue->save(4, "four");  // of the former identity still
  queue->resume();
  queue->save(1, "as new");
  wait_for("saved 1");
  EXPECT_EQ(told, (Events{"saved 1", "retired: removed", "saved 1"}));
  EXPECT_EQ(identity.id, folder->self().id);
  stop();
  EXPECT_EQ(on_disk(), "as new");
}

TEST_F(SaveQueueTest, TheEndOfTheNetworkIsTheLastThingWritten) {
  start();
  queue->mark_network_end(kNetwork, "all have left");
  wait_for("marked");
  queue->save(1, "one");
  stop();
  EXPECT_EQ(told, Events{"marked"});
  EXPECT_EQ(on_disk(), std::nullopt);
  EXPECT_EQ(folder->retired_at_start()->ended_network, kNetwork);
}

TEST_F(SaveQueueTest, AnEndingThatWaitsWhenTheStopComesIsWritten) {
  start();
  held->hold();
  queue->save(1, "one");
  held->wait_for_a_write();
  queue->mark_network_end(kNetwork, "all have left");
  thread.request_stop();
  stop();
  EXPECT_EQ(told, (Events{"saved 1", "marked"}));
}

TEST_F(SaveQueueTest, AFailureToRetireIsOneOfTheQueue) {
  disk->fail_at(0, DiskFault::read_only);
  start();
  queue->retire("removed");
  stop();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].substr(0, 8), "failed: ");
}

}  // namespace
}  // namespace p2p::agreed
