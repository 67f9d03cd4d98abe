#include "generator/load.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSilenceMaxMs = 10'000;         // longer than any pause of a healthy server on loopback
constexpr std::size_t kReceiveBytes = 64 * 1024;  // holds the replies of the deepest pipeline we measure, several times
constexpr int kEventsMax = 256;

[[noreturn]] void fail(std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

class Socket final {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (handle_ >= 0) ::close(handle_);
  }
  int handle() const noexcept { return handle_; }

 private:
  int handle_;
};

Socket connect_to(const LoadOptions& options) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.handle() < 0) fail("socket");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(options.port);
  if (::inet_pton(AF_INET, options.address.c_str(), &to.sin_addr) != 1) {
    throw std::runtime_error("not an IPv4 address: " + options.address);
  }
  if (::connect(socket.handle(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    fail(fmt::format("connect to {}:{}", options.address, options.port));
  }
  const int on = 1;
  ::setsockopt(socket.handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

struct Connection {
  explicit Connection(Socket made) : socket(std::move(made)) {}

  Socket socket;
  std::string received;              // an incomplete reply at most, between events
  std::string unsent;                // what the socket's buffer did not take
  std::deque<Clock::time_point> sent_at;  // of the requests in flight, oldest first
  bool waits_for_room = false;       // registered for EPOLLOUT
};

class Load final {
 public:
  Load(const LoadOptions& options, const Wire& wire, Requests& requests)
      : options_(options), wire_(wire), requests_(requests), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (poll_.handle() < 0) fail("epoll_create1");
    for (std::size_t count = 0; count < options.connections; ++count) add_connection();
  }

  LoadResult run() {
    const auto started = Clock::now();
    ends_at_ = started + options_.duration_max;
    for (auto& connection : connections_) refill(*connection, options_.depth, started);
    while (in_flight_ != 0) wait_and_serve();
    result_.elapsed = Clock::now() - started;
    return result_;
  }

 private:
  void add_connection() {
    auto& connection = *connections_.emplace_back(std::make_unique<Connection>(connect_to(options_)));
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
  }

  void watch(Connection& connection, int action, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &connection;
    if (::epoll_ctl(poll_.handle(), action, connection.socket.handle(), &event) != 0) fail("epoll_ctl");
  }

  void wait_and_serve() {
    std::array<epoll_event, kEventsMax> events;
    const int count = ::epoll_wait(poll_.handle(), events.data(), kEventsMax, kSilenceMaxMs);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) throw std::runtime_error(fmt::format("no answer for {} ms, {} requests open", kSilenceMaxMs, in_flight_));
    for (int at = 0; at < count; ++at) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(at)].data.ptr);
      if (connection.waits_for_room) send(connection);
      receive(connection);
    }
  }

  void receive(Connection& connection) {
    const ssize_t bytes = ::recv(connection.socket.handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (bytes == 0) throw std::runtime_error("the server closed a connection");
    if (bytes < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      fail("recv");
    }
    const auto now = Clock::now();
    const std::size_t answered = take_replies(connection, {buffer_.data(), static_cast<std::size_t>(bytes)}, now);
    if (now < ends_at_) refill(connection, answered, now);
  }

  // Counts the whole replies and keeps what is left over. Most reads end with a whole reply, so nothing is copied then.
  std::size_t take_replies(Connection& connection, std::string_view bytes, Clock::time_point now) {
    std::string joined;
    if (!connection.received.empty()) {
      joined = std::move(connection.received);
      joined += bytes;
      bytes = joined;
    }
    std::size_t answered = 0;
    while (!bytes.empty()) {
      const auto reply = wire_.reply(bytes);
      if (!reply) break;
      if (connection.sent_at.empty()) throw std::runtime_error("a reply came that nobody asked for");
      result_.latency.record(static_cast<std::uint64_t>((now - connection.sent_at.front()).count()));
      connection.sent_at.pop_front();
      if (!reply->good) ++result_.bad;
      bytes.remove_prefix(reply->length);
      ++answered;
    }
    connection.received.assign(bytes);
    result_.operations += answered;
    in_flight_ -= answered;
    return answered;
  }

  // Sends up to `count` further requests in one write.
  void refill(Connection& connection, std::size_t count, Clock::time_point now) {
    for (; count != 0 && started_ < options_.operations_max; --count) {
      connection.unsent += requests_.next();
      connection.sent_at.push_back(now);
      ++started_;
      ++in_flight_;
    }
    send(connection);
  }

  void send(Connection& connection) {
    if (!connection.unsent.empty()) {
      const ssize_t bytes = ::send(connection.socket.handle(), connection.unsent.data(), connection.unsent.size(),
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
      if (bytes < 0 && errno != EAGAIN && errno != EINTR) fail("send");
      if (bytes > 0) connection.unsent.erase(0, static_cast<std::size_t>(bytes));
    }
    const bool waits = !connection.unsent.empty();
    if (waits != connection.waits_for_room) {
      watch(connection, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
      connection.waits_for_room = waits;
    }
  }

  const LoadOptions& options_;
  const Wire& wire_;
  Requests& requests_;
  Socket poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> buffer_ = std::vector<char>(kReceiveBytes);
  Clock::time_point ends_at_;
  std::uint64_t started_ = 0;
  std::uint64_t in_flight_ = 0;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(const LoadOptions& options, const Wire& wire, Requests& requests) {
  return Load(options, wire, requests).run();
}

}  // namespace p2p::bench
