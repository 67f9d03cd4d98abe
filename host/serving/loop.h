// Where do I/O and handlers run? On a few loops, one thread each. What belongs to a loop (its connections, its call
// states, its peer connections) is touched only on its thread; others hand it work with post().
#pragma once

#include "serving/asio.h"
#include "serving/call_counts.h"

#include <p2p/log.h>
#include <p2p/units.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace p2p::host {

class PendingCall;

class Loop final {
 public:
  Loop(std::size_t number, Logger& log);
  ~Loop();

  // Runs the loop on a thread of its own, until stop(). [control]
  void start();
  // Ends the loop after the function that is running, and joins its thread. Allowed without start(). [control]
  void stop();

  std::size_t number() const noexcept { return number_; }
  asio::io_context& context() noexcept { return context_; }
  bool is_current() const noexcept { return current() == this; }
  bool is_running() const noexcept { return thread_.joinable(); }  // [control]
  // Whether the caller may touch what belongs to the loop: it is on its thread, or the loop does not run (before
  // start(), after stop()). For assertions.
  bool may_be_touched_here() const noexcept { return is_current() || !is_running(); }
  static Loop* current() noexcept;  // null on other threads

  // Runs `work` on the loop's thread, never before post() returns. Exceptions are logged. [any thread]
  template <class Work>
  void post(Work work) {
    asio::post(context_, std::move(work));
  }

  // The time of the last refresh: precise enough for deadlines, and free. [own loop]
  TimePoint now() const noexcept { return now_; }
  void refresh_now() noexcept { now_ = std::chrono::steady_clock::now(); }

  LoopTraffic& traffic() noexcept { return traffic_; }  // written [own loop], read [any thread]

  // Takes a call state from the loop's pool. [own loop]
  PendingCall* take_pending();
  void give_back(PendingCall* pending, bool reusable) noexcept;

  // An empty string that keeps its memory from earlier use; to be given back. [own loop]
  std::string take_scratch() noexcept { return std::move(scratch_); }
  void give_back(std::string scratch) noexcept {
    if (scratch.capacity() > kScratchBytesKept) return;
    scratch.clear();
    scratch_ = std::move(scratch);
  }

  // Watches the deadline of a call that was not answered when its handler returned. [own loop]
  void watch(PendingCall* pending);
  void unwatch(PendingCall* pending) noexcept;

  // The caller of watched calls is gone: those calls learn it within kSweepPause. [own loop]
  void note_lost_caller();

 private:
  void arm();
  void expire();
  void sweep() noexcept;

  // Call states kept for reuse; more are freed. Covers 50 connections at depth 16 without an allocation.
  static constexpr std::size_t kPooledSlotsMax = 1024;
  static constexpr std::size_t kScratchBytesKept = 64 * 1024;

  // One scan of all watched calls serves every caller that has gone meanwhile, however many.
  static constexpr auto kSweepPause = std::chrono::milliseconds(100);

  const std::size_t number_;
  Logger& log_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
  TimePoint now_{};
  LoopTraffic traffic_;
  std::vector<std::unique_ptr<PendingCall>> pool_;
  std::string scratch_;
  PendingCall* oldest_ = nullptr;  // intrusive list of the watched
  PendingCall* newest_ = nullptr;
  asio::steady_timer expiry_;
  bool is_armed_ = false;
  asio::steady_timer sweep_;
  bool is_sweep_due_ = false;
};

}  // namespace p2p::host
