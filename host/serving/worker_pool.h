// Where may handlers block? On the pool's few threads, started on demand, with a bounded queue.
#pragma once

#include <p2p/log.h>
#include <p2p/strand.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace p2p::host {

class BoundedWorkerPool final : public WorkerPool {
 public:
  BoundedWorkerPool(std::size_t threads_max, std::size_t queue_max, Logger& log);
  ~BoundedWorkerPool() override;

  bool submit(std::function<void()> work) override;

  std::size_t queued() const;  // [any thread]

  // Takes no more work, runs what is queued, joins the threads. [control]
  void stop();

 private:
  void run();

  const std::size_t threads_max_;
  const std::size_t queue_max_;
  Logger& log_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable has_work_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool is_stopping_ = false;
};

}  // namespace p2p::host
