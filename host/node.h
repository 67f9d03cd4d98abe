// What is a running node? The place where all its parts meet, in reading order, and the one thread that drives their life:
// listen, load, configure, start, get ready, serve, drain, stop.
#pragma once

#include "cli/exit_code.h"
#include "cli/load_configuration.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace p2p::host {

class Node final {
 public:
  explicit Node(LoadedConfiguration configuration);
  ~Node();

  // Runs the node from its start to its end, on the calling thread. What went wrong was logged. [control]
  ExitCode run();

  // Asks the node to hand over what it holds and end (leave), or to end after the calls in hand (stop). Later requests are
  // ignored, but a stop outranks a leave that has not begun. [any thread]
  void request_leave(const std::string& why);
  void request_stop(const std::string& why);

 private:
  struct Parts;

  enum class Request : std::uint8_t { none, leave, stop };

  ExitCode serve();
  // Ends the process with `start_timeout` when a service's code does not return from a step of the start.
  void guard_start(std::stop_token started);
  void enter_step(std::string step);
  Result<Done> listen();
  Result<Done> load_services();
  Result<Done> configure_services();
  Result<Done> start_services();
  ExitCode get_ready();
  void wait_for_request();
  void drain();
  void finish_calls();
  void shut_down();
  void request(Request request, const std::string& why);
  // Looks at `condition` every few milliseconds until it holds, `patience` is over or (where it matters) somebody asks the node to end.
  template <class Condition>
  bool wait_until(Condition condition, Duration patience, bool until_request);

  const LoadedConfiguration configuration_;
  bool has_begun_ = false;  // services were told to get ready: from then on they may hold what others gave them [control]
  std::unique_ptr<Parts> parts_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable requested_;
  Request request_ = Request::none;
  std::string step_;  // of the start, for who waits too long
};

}  // namespace p2p::host
