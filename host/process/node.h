// What is a running node? The place where all its parts meet, in reading order, and the one thread that drives them:
// listen, load, configure, start, get ready, serve, change, drain, stop.
#pragma once

#include "admin/changes.h"
#include "cli/exit_code.h"
#include "preflight/load_configuration.h"
#include "runtime/node_hooks.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace p2p::host {

class Node final {
 public:
  explicit Node(LoadedConfiguration configuration, NodeHooks hooks = {});
  ~Node();

  // Runs the node from start to end, on the calling thread. Failures were logged. [control]
  ExitCode run();

  // Asks the node to hand over what it holds and end (leave), or to end after the calls in flight (stop). Later
  // requests are ignored, but a stop outranks a leave that has not begun. [any thread]
  void request_leave(const std::string& why);
  void request_stop(const std::string& why);
  // Asks the node to leave because it cannot go on: run() returns a failure. Also when it is ending already.
  void request_end(const Error& why);

  // Asks the node to apply its configuration as it is when it is read again. [any thread]
  void request_reload(const std::string& why);

 private:
  struct Parts;

  enum class Request : std::uint8_t { none, leave, stop };

  ExitCode serve();
  // Ends the process with `start_timeout`, or calls the hook, when a service's code does not return from a step of the
  // start.
  void guard_start(std::stop_token started);
  Result<Done> listen();
  Result<Done> listen_for_http(const NodeAddress& where);
  // Leaves out services that had better not start; see preflight/left_out.h.
  void choose_services();
  Result<Done> serve_own_services();
  ExitCode get_ready();
  void report_wait(const std::string& why, Duration waited);
  // Applies operators' requests until the node is asked to end.
  void serve_changes();
  void change(Changes::Number number, const ChangeRequest& request);
  ChangeReport apply(const ChangeRequest& request);
  // Lets the services hand over, and reports what they could not; false: something was left behind.
  bool drain();
  void tell_manager_of_the_end(const std::string& status);
  bool wait_for_calls(Duration patience);  // until none is in flight; false: some are
  void finish_calls();
  // False: something that others should have got was left behind.
  bool shut_down();
  void request(Request request, const std::string& why);
  // Polls `condition` every few milliseconds until it holds, `patience` is over or (`until_request`) the node is asked
  // to end.
  template <class Condition>
  bool wait_until(Condition condition, Duration patience, bool until_request);

  LoadedConfiguration configuration_;  // without what this start leaves out
  const NodeHooks hooks_;
  bool is_late_ = false;  // a step of the start has hung, and the hook was called [guard, then control]
  // Services were asked to get ready: from then on they may hold what others gave them. [control]
  bool has_begun_ = false;
  std::unique_ptr<Parts> parts_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable requested_;
  Request request_ = Request::none;
  ExitCode failure_ = ExitCode::done;  // what request_end() was told first
};

}  // namespace p2p::host
