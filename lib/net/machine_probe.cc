#include "net/machine_probe.h"

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstring>

namespace p2p::net {
namespace {

// The sender of an ICMP error: not the machine itself when a router or a packet filter answers.
bool is_from(const sock_extended_err& error, const asio::ip::address& machine) {
  const auto* const offender = reinterpret_cast<const sockaddr*>(&error + 1);  // SO_EE_OFFENDER
  if (machine.is_v4() && offender->sa_family == AF_INET) {
    const auto bytes = machine.to_v4().to_bytes();
    return std::memcmp(&reinterpret_cast<const sockaddr_in*>(offender)->sin_addr, bytes.data(), bytes.size()) == 0;
  }
  if (machine.is_v6() && offender->sa_family == AF_INET6) {
    const auto bytes = machine.to_v6().to_bytes();
    return std::memcmp(&reinterpret_cast<const sockaddr_in6*>(offender)->sin6_addr, bytes.data(), bytes.size()) == 0;
  }
  return false;
}

bool says_port_unreachable(const sock_extended_err& error) {
  if (error.ee_origin == SO_EE_ORIGIN_ICMP) {
    return error.ee_type == ICMP_DEST_UNREACH && error.ee_code == ICMP_PORT_UNREACH;
  }
  return error.ee_origin == SO_EE_ORIGIN_ICMP6 && error.ee_type == ICMP6_DST_UNREACH &&
         error.ee_code == ICMP6_DST_UNREACH_NOPORT;
}

}  // namespace

void MachineProbe::ask() {
  if (!socket_.is_open()) open();
  if (!socket_.is_open()) return;
  // Empty, so that a listener there, if any, gets nothing to interpret. A failure is the answer to the last probe,
  // which is read when it is awaited.
  (void)::send(socket_.native_handle(), nullptr, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void MachineProbe::open() {
  error_code failure;
  socket_.open(to_.protocol(), failure);
  if (failure) return;
  const int on = 1;
  const bool is_v4 = to_.address().is_v4();
  const int set = ::setsockopt(socket_.native_handle(), is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                               is_v4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof on);
  if (set == 0) socket_.connect(to_, failure);
  if (set != 0 || failure) return cancel();
  wait();
}

void MachineProbe::wait() {
  socket_.async_wait(asio::ip::udp::socket::wait_read, [self = shared_from_this()](error_code cancelled) {
    if (cancelled || !self->socket_.is_open()) return;
    if (self->is_answered()) self->machines_.heard(self->to_.address(), std::chrono::steady_clock::now());
    self->wait();
  });
}

bool MachineProbe::is_answered() {
  if (is_told_by_machine()) return true;
  // From the connected address; the content does not matter.
  std::array<char, 1> ignored{};
  return ::recv(socket_.native_handle(), ignored.data(), ignored.size(), MSG_DONTWAIT) >= 0;
}

bool MachineProbe::is_told_by_machine() {
  alignas(cmsghdr) std::array<char, 512> control{};
  msghdr message{};
  bool is_told = false;
  const auto next = [&] {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    return ::recvmsg(socket_.native_handle(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0;
  };
  while (next()) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      const bool is_error = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                            (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
      if (!is_error) continue;
      const auto& error = *reinterpret_cast<const sock_extended_err*>(CMSG_DATA(part));
      is_told = is_told || (says_port_unreachable(error) && is_from(error, to_.address()));
    }
  }
  return is_told;
}

void MachineProbe::cancel() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace p2p::net
