// Where does a service run its own work? On strands (serial, with timers), on the worker pool (may block), or on
// threads of its own. The host owns all three and ends them before the service counts as stopped.
#pragma once

#include <p2p/export.h>
#include <p2p/units.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace p2p {

// Cancels its timer when destroyed. After cancel() has returned on the timer's own strand, the function no longer runs;
// from another thread it may be running right then.
class P2P_API Timer {
 public:
  virtual ~Timer();
  virtual void cancel() noexcept = 0;  // [any thread]
};

// Runs functions one at a time, in the order of post(), on an I/O thread of the host. A function must not block;
// blocking work goes to the WorkerPool. An exception that leaves a function is logged under the service's name.
class P2P_API Strand {
 public:
  virtual ~Strand();

  // Never runs `work` before it returns. After the service has stopped, `work` is dropped. [any thread]
  virtual void post(std::function<void()> work) = 0;

  // Runs `work` once, `delay` from now, unless the timer is destroyed or cancelled before. [any thread]
  [[nodiscard]] virtual std::unique_ptr<Timer> after(Duration delay, std::function<void()> work) = 0;

  // Runs `work` repeatedly, `period` after the end of the previous run. [any thread]
  [[nodiscard]] virtual std::unique_ptr<Timer> every(Duration period, std::function<void()> work) = 0;

  // The clock that delays are measured by. [any thread]
  virtual TimePoint now() const noexcept = 0;

  virtual bool is_current() const noexcept = 0;  // is the caller on this strand?
};

class P2P_API WorkerPool {
 public:
  virtual ~WorkerPool();

  // Runs `work` on a pool thread; it may block. False, and nothing is kept, when `[host] worker_queue` is full or the
  // node is stopping. [any thread]
  [[nodiscard]] virtual bool submit(std::function<void()> work) = 0;
};

}  // namespace p2p
