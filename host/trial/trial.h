// How is code tried that may crash, end the process or never return? In a forked child, which is watched: whatever
// happens there affects only the trial.
#pragma once

#include "trial/verdict.h"

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace p2p::host {

// The longest that a child may stay in one step. All steps of all rules of our own plugins together take 0.2 s, and 2 s
// under ThreadSanitizer.
inline constexpr auto kStepTimeMax = std::chrono::seconds(10);
// The longest that a whole trial may take, however many steps it claims to make.
inline constexpr auto kTrialTimeMax = std::chrono::seconds(60);

struct TrialLimits {
  std::chrono::milliseconds step = kStepTimeMax;
  std::chrono::milliseconds all = kTrialTimeMax;
};

// The child's side. Every method: [any thread] of the child.
class Trial final {
 public:
  struct Page;  // memory that parent and child share
  Trial(Page& page, int output) : page_(page), output_(output) {}

  // Begins a step, named as in "it did not return from WHAT"; restarts the step's time limit.
  void step(std::string_view what);

  // The verdict if the process ends, or hangs, before clear_provisional() is called or the trial returns.
  void set_provisional(const Verdict& verdict);
  void clear_provisional();

  // The child's standard output and error so far, from byte `from` on. Bounded.
  std::string output(std::size_t from = 0) const;

 private:
  Page& page_;
  int output_;
  std::mutex mutex_;
};

struct TrialEnd {
  Verdict verdict;
  bool returned = false;  // the child finished; otherwise it was killed, or ended early
};

// Runs `body` in a child whose output is kept, whose current folder is `folder`, and which dies with its parent. The
// calling process must have one thread only. [control]
TrialEnd run_trial(const std::string& folder, const std::function<Verdict(Trial&)>& body, TrialLimits limits = {});

}  // namespace p2p::host
