// Where does a service run its own work? On strands (serial, with timers), on the worker pool (may block), or on threads of
// its own. The host owns all three and ends them before the service counts as stopped.
#pragma once

#include <p2p/export.h>
#include <p2p/units.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace p2p {

// Cancels its timer when destroyed. After cancel() returns on the timer's own strand, the function does not run any more;
// from another thread it may be running right then.
class P2P_API Timer {
 public:
  virtual ~Timer();
  virtual void cancel() noexcept = 0;  // [any thread]
};

// Runs functions one at a time, in the order of post(), on an I/O thread of the host: a function must not block; what
// blocks goes to the WorkerPool. An exception that leaves a function is logged under the service's name.
class P2P_API Strand {
 public:
  virtual ~Strand();

  // Never runs `work` before it returns. After the service has stopped, `work` is dropped. [any thread]
  virtual void post(std::function<void()> work) = 0;

  // Runs `work` once, `delay` from now, unless the timer is destroyed or cancelled before. [any thread]
  [[nodiscard]] virtual std::unique_ptr<Timer> after(Duration delay, std::function<void()> work) = 0;

  // Runs `work` again and again, `period` after the end of the former run. [any thread]
  [[nodiscard]] virtual std::unique_ptr<Timer> every(Duration period, std::function<void()> work) = 0;

  // The clock by which delays are counted. [any thread]
  virtual TimePoint now() const noexcept = 0;

  virtual bool runs_here() const noexcept = 0;  // is the caller on this strand?
};

class P2P_API WorkerPool {
 public:
  virtual ~WorkerPool();

  // Runs `work` on a pool thread; it may block. False, and nothing is kept, when `[host] worker_queue` is full or the node
  // is stopping. [any thread]
  [[nodiscard]] virtual bool submit(std::function<void()> work) = 0;
};

}  // namespace p2p
