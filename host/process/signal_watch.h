// What do signals do to this process? SIGTERM and SIGINT make a node leave, a second one ends the process at once.
// SIGHUP reloads the configuration and reopens the log file, SIGUSR1 only reopens the log. No other harmless signal
// ends a node, at any time.
#pragma once

#include <p2p/log.h>

#include <memory>
#include <thread>

namespace p2p::host {

class Node;

// First of all in main(): from now on SIGHUP and SIGUSR1 wait for a SignalWatch; SIGUSR2, SIGPIPE (a reader of our
// output is gone) and SIGXFSZ (the log is too long) do nothing. No signal stays blocked, and SIGCHLD is not ignored,
// whatever the parent process had set.
void hold_signals() noexcept;

// For a process that turns out to run no node: restores what those signals did before. [before start]
void release_signals() noexcept;

// Applies signals, including those that were held, while it lives. One at a time; `node` outlives it. [control]
class SignalWatch final {
 public:
  explicit SignalWatch(Node& node);
  ~SignalWatch();

 private:
  void run();
  void apply(int signal);

  Node& node_;
  std::unique_ptr<Logger> log_;
  bool was_asked_ = false;
  std::thread thread_;
};

}  // namespace p2p::host
