// The host's Strand: functions of one service, run one at a time on one I/O loop. Dropped work after close() makes a
// service's stop final.
#pragma once

#include <p2p/log.h>
#include <p2p/strand.h>

#include <memory>

namespace p2p::host {

class Loop;

class LoopStrand final : public Strand {
 public:
  LoopStrand(Loop& loop, Logger& log);
  ~LoopStrand() override;

  void post(std::function<void()> work) override;
  std::unique_ptr<Timer> after(Duration delay, std::function<void()> work) override;
  std::unique_ptr<Timer> every(Duration period, std::function<void()> work) override;
  TimePoint now() const noexcept override;
  bool is_current() const noexcept override;

  // Runs what has been posted, drops timers and all that comes later. When it returns, nothing of the strand runs any
  // more. [control]
  void close();

 private:
  void wait_for_a_turn();

  struct Gate;
  class LoopTimer;

  Loop& loop_;
  std::shared_ptr<Gate> gate_;
};

}  // namespace p2p::host
