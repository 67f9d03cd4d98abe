// What runs the code of one simulated node? A process on virtual time: its strands and timers, its clock, and whether
// it is frozen or has ended.
#pragma once

#include "virtual_time.h"

#include <p2p/node_address.h>
#include <p2p/strand.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace p2p::sim {

// One life of a node. Held by whatever may still want to run something there.
class StoreProcess final {
 public:
  // `skew`: how far its clock is ahead of the others.
  StoreProcess(VirtualTime& time, NodeAddress self, Duration skew) : time_(time), self_(std::move(self)), skew_(skew) {}

  // Runs `work` now, or in order once the process is thawed; never if it has ended.
  void run(std::function<void()> work);
  void freeze() { is_frozen_ = true; }
  void thaw();
  // Nothing runs any more. Not called from within its own work.
  void end();

  bool is_running() const { return is_running_; }
  bool is_frozen() const { return is_frozen_; }
  const NodeAddress& self() const { return self_; }
  VirtualTime& time() { return time_; }
  std::uint64_t wall_clock_ms() const;

  // The process whose work is running; null between events.
  static StoreProcess* current();

 private:
  void run_now(const std::function<void()>& work);

  VirtualTime& time_;
  const NodeAddress self_;
  const Duration skew_;
  bool is_running_ = true;
  bool is_frozen_ = false;
  std::deque<std::function<void()>> waiting_;
};

class StoreStrand final : public Strand, public std::enable_shared_from_this<StoreStrand> {
 public:
  explicit StoreStrand(std::shared_ptr<StoreProcess> process) : process_(std::move(process)) {}

  void post(std::function<void()> work) override;
  std::unique_ptr<Timer> after(Duration delay, std::function<void()> work) override;
  std::unique_ptr<Timer> every(Duration period, std::function<void()> work) override;
  TimePoint now() const noexcept override { return process_->time().now(); }
  bool is_current() const noexcept override;

  // Is any strand's work running?
  static bool is_any_current();

 private:
  struct Entry;
  class StrandTimer;

  void run(const std::function<void()>& work);
  void arm(const std::shared_ptr<Entry>& entry, Duration delay);

  const std::shared_ptr<StoreProcess> process_;
  TimePoint last_due_{};  // posted work keeps its order
};

}  // namespace p2p::sim
