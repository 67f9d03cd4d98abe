// Where does a signal handler run when the thread's own stack has overflowed? On a stack of its own, which each thread
// sets up for itself.
#pragma once

namespace p2p::host {

// Serves the calling thread until it is destroyed there. Without memory for it, and under a sanitizer, which brings its
// own, it does nothing: fatal signals then run on the thread's own stack. [any thread]
class AlternateStack final {
 public:
  AlternateStack() noexcept;
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;
  ~AlternateStack();

 private:
  void* memory_ = nullptr;
};

}  // namespace p2p::host
