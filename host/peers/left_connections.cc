#include "peers/left_connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <utility>

namespace p2p::host {
namespace {

bool set(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

bool keep_alive(int socket) {
  const auto pause = static_cast<int>(kKeepAlivePause.count());
  return set(socket, IPPROTO_TCP, TCP_KEEPIDLE, pause) && set(socket, IPPROTO_TCP, TCP_KEEPINTVL, pause) &&
         set(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepAlivesMax) && set(socket, SOL_SOCKET, SO_KEEPALIVE, 1) &&
         // No keep-alives are sent while something else is unacknowledged.
         set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, pause * kKeepAlivesMax * 1000);
}

// How long ago the other machine last acknowledged anything.
std::optional<Duration> since_acknowledged(int socket) {
  tcp_info info{};
  socklen_t bytes = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return std::nullopt;
  return std::chrono::milliseconds(info.tcpi_last_ack_recv);
}

}  // namespace

void LeftConnections::keep(asio::ip::tcp::socket connection) {
  error_code failure;
  const auto machine = connection.remote_endpoint(failure).address();
  if (failure || all_.contains(machine) || all_.size() >= kLeftConnectionsMax) return;
  if (!keep_alive(connection.native_handle())) return;
  const auto left = std::make_shared<Left>(Left{std::move(connection), asio::steady_timer(context_)});
  all_.emplace(machine, left);
  wait_for_end(machine, left);
  look(machine, left);
}

// Whatever comes: a late answer, or the end. The node serves no other connection until this side closes.
void LeftConnections::wait_for_end(const asio::ip::address& machine, const Shared& left) {
  left->socket.async_wait(asio::ip::tcp::socket::wait_read, [this, machine, left](error_code cancelled) {
    if (cancelled || !left->socket.is_open()) return;
    left->look.cancel();
    error_code ignored;
    left->socket.close(ignored);
    all_.erase(machine);
  });
}

void LeftConnections::look(const asio::ip::address& machine, const Shared& left) {
  if (const auto age = since_acknowledged(left->socket.native_handle())) {
    machines_.heard(machine, std::chrono::steady_clock::now() - *age);
  }
  left->look.expires_after(kLookPause);
  left->look.async_wait([this, machine, left](error_code cancelled) {
    if (!cancelled && left->socket.is_open()) look(machine, left);
  });
}

void LeftConnections::close() noexcept {
  error_code ignored;
  for (auto& [machine, left] : std::exchange(all_, {})) {
    left->look.cancel();
    left->socket.close(ignored);
  }
}

}  // namespace p2p::host
