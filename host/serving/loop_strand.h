// The host's Strand: runs the functions of one service, one at a time, on one I/O loop. After close() it drops all
// work, which makes a service's stop final.
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

  // Runs the work already posted; drops timers and all later work. Once it returns, nothing runs on this strand any
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
