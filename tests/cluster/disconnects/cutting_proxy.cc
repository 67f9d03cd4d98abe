#include "cutting_proxy.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <stdexcept>

namespace disconnects {
namespace {

constexpr int kPollMs = 50;  // how soon it notices that it has to end
constexpr int kPatienceS = 60;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool write_all(int socket, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t sent = ::send(socket, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

Descriptor connect_to(int port, int patience_s) {
  Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(made.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{patience_s, 0};
  ::setsockopt(made.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(made.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const sockaddr_in address = loopback(port);
  if (::connect(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) made.close();
  return made;
}

CuttingProxy::CuttingProxy(int target_port, std::uint32_t bytes_max, std::uint64_t seed)
    : target_port_(target_port),
      bytes_max_(bytes_max),
      random_(seed),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      block_(64 * 1024) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool listens = ::bind(listener_.number(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::listen(listener_.number(), 128) == 0 &&
                       ::getsockname(listener_.number(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!listens) throw std::runtime_error("the proxy cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

CuttingProxy::~CuttingProxy() {
  is_stopping_ = true;
  thread_.join();
}

void CuttingProxy::run() {
  std::vector<pollfd> watched;
  while (!is_stopping_) {
    watched.assign(1, {listener_.number(), POLLIN, 0});
    for (const Pair& pair : pairs_) {
      watched.push_back({pair.near.number(), POLLIN, 0});
      watched.push_back({pair.far.number(), POLLIN, 0});
    }
    if (::poll(watched.data(), watched.size(), kPollMs) <= 0) continue;
    std::size_t at = 1;
    for (auto pair = pairs_.begin(); pair != pairs_.end(); at += 2) {
      const bool lives = (watched[at].revents == 0 || pass_on(*pair, pair->near, pair->far)) &&
                         (watched[at + 1].revents == 0 || pass_on(*pair, pair->far, pair->near));
      pair = lives ? std::next(pair) : pairs_.erase(pair);
    }
    if (watched[0].revents != 0) accept_one();
  }
}

void CuttingProxy::accept_one() {
  Descriptor near(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
  Descriptor far = connect_to(target_port_, kPatienceS);
  if (near.number() < 0 || far.number() < 0) return;
  pairs_.push_back(
      {std::move(near), std::move(far), bytes_max_ == 0 ? 0 : 1 + static_cast<std::uint32_t>(random_() % bytes_max_)});
}

bool CuttingProxy::pass_on(Pair& pair, const Descriptor& from, const Descriptor& to) {
  const ssize_t received = ::recv(from.number(), block_.data(), block_.size(), MSG_DONTWAIT);
  if (received <= 0) return false;
  const bool is_last = bytes_max_ != 0 && static_cast<std::uint32_t>(received) >= pair.bytes_left;
  const std::size_t passed = is_last ? pair.bytes_left : static_cast<std::size_t>(received);
  if (!write_all(to.number(), block_.data(), passed)) return false;
  if (is_last) {
    cut(pair);
    return false;
  }
  pair.bytes_left -= bytes_max_ == 0 ? 0 : static_cast<std::uint32_t>(received);
  return true;
}

void CuttingProxy::cut(Pair& pair) {
  ++cuts_;
  const std::uint64_t how = random_() % 4;
  if ((how & 1) != 0) pair.near.reset();
  if ((how & 2) != 0) pair.far.reset();
}

}  // namespace disconnects
