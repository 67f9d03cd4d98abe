#include "serving/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace p2p::host {
namespace {

class SilentLogger final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

TEST(WorkerPool, RunsEverythingItAcceptedBeforeItStops) {
  SilentLogger log;
  std::atomic<int> ran{0};
  BoundedWorkerPool pool(3, 1000, log);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.submit([&ran] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 500);
  EXPECT_FALSE(pool.submit([] {}));
}

TEST(WorkerPool, AFullQueueRefuses) {
  SilentLogger log;
  std::promise<void> started;
  std::promise<void> may_end;
  BoundedWorkerPool pool(1, 2, log);  // ends before what its work uses
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    may_end.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_FALSE(pool.submit([] {}));
  may_end.set_value();
}

TEST(WorkerPool, AnExceptionEndsOnlyItsWork) {
  SilentLogger log;
  std::promise<void> reached;
  BoundedWorkerPool pool(1, 10, log);
  ASSERT_TRUE(pool.submit([] { throw 42; }));
  ASSERT_TRUE(pool.submit([&] { reached.set_value(); }));
  reached.get_future().wait();
}

}  // namespace
}  // namespace p2p::host
