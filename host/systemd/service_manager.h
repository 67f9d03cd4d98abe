// Was this node started by a service manager that speaks sd_notify(3), such as systemd? Messages go to the socket that
// it names in the environment; without one nothing is sent.
#pragma once

#include "files/owned_descriptor.h"

#include <p2p/units.h>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <functional>
#include <optional>
#include <string_view>

namespace p2p::host {

// Looks up one variable of the environment; null: it is not set.
using ReadVariable = std::function<const char*(const char* name)>;

class ServiceManager final {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; invalid values count as not set. A name that begins with '@'
  // is in the abstract namespace. `self`: the process's own id, which WATCHDOG_PID must name.
  explicit ServiceManager(const ReadVariable& variable, pid_t self);
  static ServiceManager of_this_process();

  bool is_there() const noexcept { return socket_.is_open(); }

  // How often to send a heartbeat: half of the time after which the manager would end the node. None: never.
  std::optional<Duration> heartbeat_period() const noexcept { return heartbeat_period_; }

  // Sends one message of systemd/notification.h. Waits for a full socket, a second at most; with `patience` none, on an
  // I/O loop, drops the message instead. False: it was not sent. [any thread]
  enum class Patience { some, none };
  bool tell(std::string_view message, Patience patience = Patience::some) const noexcept;

  // The messages of a reload: at its beginning, and at its end, failed or not. [any thread]
  void tell_reloading() const;
  void tell_ready(std::string_view status) const;

 private:
  OwnedDescriptor socket_;
  sockaddr_un address_{};
  socklen_t address_bytes_ = 0;
  std::optional<Duration> heartbeat_period_;
};

}  // namespace p2p::host
