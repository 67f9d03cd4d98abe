#include "systemd/service_manager.h"

#include "systemd/notification.h"
#include "text/pieces.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace p2p::host {
namespace {

// A manager reads its socket within milliseconds, unless it hangs.
constexpr timeval kSendTimeout{1, 0};

// Implausible times: shorter than any loop's turn, longer than anybody waits.
constexpr std::int64_t kWatchdogUsMin = 1'000;
constexpr std::int64_t kWatchdogUsMax = 86'400'000'000;

std::optional<std::int64_t> number_of(const char* text) {
  return text == nullptr ? std::nullopt : number_in<std::int64_t>(text);
}

std::optional<Duration> read_heartbeat_period(const ReadVariable& variable, pid_t self) {
  const auto microseconds = number_of(variable("WATCHDOG_USEC"));
  if (!microseconds || *microseconds < kWatchdogUsMin || *microseconds > kWatchdogUsMax) return std::nullopt;
  // The variables are inherited, and may be meant for a parent.
  if (variable("WATCHDOG_PID") != nullptr && number_of(variable("WATCHDOG_PID")) != self) return std::nullopt;
  return std::chrono::microseconds(*microseconds) / 2;
}

}  // namespace

ServiceManager::ServiceManager(const ReadVariable& variable, pid_t self) {
  const char* name = variable("NOTIFY_SOCKET");
  if (name == nullptr || (*name != '/' && *name != '@')) return;
  const std::size_t bytes = std::strlen(name);
  if (bytes >= sizeof address_.sun_path) return;
  address_.sun_family = AF_UNIX;
  std::memcpy(address_.sun_path, name, bytes);
  if (*name == '@') address_.sun_path[0] = '\0';
  address_bytes_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + bytes);
  socket_ = OwnedDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!is_there()) return;
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
  heartbeat_period_ = read_heartbeat_period(variable, self);
}

ServiceManager ServiceManager::of_this_process() {
  return ServiceManager([](const char* name) -> const char* { return std::getenv(name); }, ::getpid());
}

bool ServiceManager::tell(std::string_view message, Patience patience) const noexcept {
  if (!is_there()) return false;
  const int flags = MSG_NOSIGNAL | (patience == Patience::none ? MSG_DONTWAIT : 0);
  for (;;) {
    const ssize_t sent = ::sendto(socket_.number(), message.data(), message.size(), flags,
                                  reinterpret_cast<const sockaddr*>(&address_), address_bytes_);
    if (sent >= 0) return static_cast<std::size_t>(sent) == message.size();
    if (errno != EINTR) return false;
  }
}

void ServiceManager::tell_reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  tell(reloading_notification(std::chrono::seconds(now.tv_sec) + std::chrono::duration_cast<std::chrono::microseconds>(
                                                                     std::chrono::nanoseconds(now.tv_nsec))));
}

void ServiceManager::tell_ready(std::string_view status) const { tell(ready_notification(status)); }

}  // namespace p2p::host
