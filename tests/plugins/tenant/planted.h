// What the plugin leaves behind when a test tells it to, where that test can take it away again.
#pragma once

#include <p2p/locator.h>
#include <p2p/strand.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace tenant {

struct Planted {
  std::thread thread;
  int descriptor = -1;
  std::shared_ptr<p2p::ILocator> reference;
  std::shared_ptr<p2p::Strand> strand;
  p2p::Next next;

  // Whoever hangs waits here.
  void wait_for_release();
  void release();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_released_ = false;
};

// Of the process.
Planted& planted();

// As it was at first; what the threads wait for is released.
void clear_planted();

}  // namespace tenant
