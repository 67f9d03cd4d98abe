// What is a running node? The place where all its parts meet, in reading order, and the one thread that drives their
// life: listen, load, configure, start, get ready, serve, change, drain, stop.
#pragma once

#include "admin/changes.h"
#include "cli/exit_code.h"
#include "cli/load_configuration.h"
#include "runtime/node_hooks.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace p2p::host {

class Node final {
 public:
  explicit Node(LoadedConfiguration configuration, NodeHooks hooks = {});
  ~Node();

  // Runs the node from its start to its end, on the calling thread. What went wrong was logged. [control]
  ExitCode run();

  // Asks the node to hand over what it holds and end (leave), or to end after the calls in hand (stop). Later requests
  // are ignored, but a stop outranks a leave that has not begun. [any thread]
  void request_leave(const std::string& why);
  void request_stop(const std::string& why);

  // Asks the node to work by its configuration as it stands then. [any thread]
  void request_reload(const std::string& why);

 private:
  struct Parts;

  enum class Request : std::uint8_t { none, leave, stop };

  ExitCode serve();
  // Ends the process with `start_timeout`, or calls the hook, when a service's code does not return from a step of the
  // start.
  void guard_start(std::stop_token started);
  Result<Done> listen();
  // Leaves out those that had better not start; see cli/left_out.h.
  void choose_services();
  Result<Done> serve_own_services();
  ExitCode get_ready();
  void tell_wait(const std::string& why, Duration waited);
  // Does what operators ask for until the node is asked to end.
  void serve_changes();
  void change(Changes::Number number, const Wish& wish);
  ChangeReport fulfil(const Wish& wish);
  // Lets the services hand over, and says what could not be; false: something was left behind.
  bool drain();
  void tell_manager_of_the_end(const std::string& status);
  bool wait_for_calls(Duration patience);  // until none is in hand; false: some are
  void finish_calls();
  // False: something was left behind that others should have got.
  bool shut_down();
  void request(Request request, const std::string& why);
  // Looks at `condition` every few milliseconds until it holds, `patience` is over or (where it matters) somebody asks
  // the node to end.
  template <class Condition>
  bool wait_until(Condition condition, Duration patience, bool until_request);

  LoadedConfiguration configuration_;  // what a start leaves out is taken out of it
  const NodeHooks hooks_;
  bool is_late_ = false;  // a step of the start has hung, and the hook was called [guard, then control]
  // Services were told to get ready: from then on they may hold what others gave them. [control]
  bool has_begun_ = false;
  std::unique_ptr<Parts> parts_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable requested_;
  Request request_ = Request::none;
};

}  // namespace p2p::host
