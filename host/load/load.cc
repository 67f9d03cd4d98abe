#include "load/load.h"

#include "load/connections.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr std::size_t kReceiveBytes =
    256 * 1024;  // holds the replies of the deepest pipeline of small values, several times
constexpr int kEventsMax = 256;
constexpr std::size_t kSentBytesMax = 4 * 1024 * 1024;  // kept before the unsent bytes, until those move up

struct InFlight {
  Clock::time_point sent_at;
  Asked asked;
};

struct Connection {
  Connection(Socket made, const NodeAddress& to) : socket(std::move(made)), target(to) {}

  Socket socket;
  const NodeAddress& target;
  std::string received;            // an incomplete reply at most, between events
  std::string unsent;              // what the socket's buffer did not take,
  std::size_t unsent_from = 0;     // from here on
  std::deque<InFlight> in_flight;  // oldest first
  bool waits_for_room = false;     // registered for EPOLLOUT
};

class Load final {
 public:
  Load(const LoadOptions& options, Requests& requests)
      : options_(options), requests_(requests), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  Result<Done> connect() {
    if (poll_.number() < 0) return Error{ErrorKind::internal, fmt::format("epoll_create1: {}", std::strerror(errno))};
    if (auto room = make_room_for(options_.connections); !room.ok()) return room;
    for (std::size_t at = 0; at < options_.connections; ++at) {
      const NodeAddress& target = options_.targets[at % options_.targets.size()];
      auto socket = connect_to(target);
      if (!socket.ok()) return socket.error();
      auto& made = *connections_.emplace_back(std::make_unique<Connection>(std::move(socket).value(), target));
      if (!watch(made, EPOLL_CTL_ADD, EPOLLIN)) {
        return Error{ErrorKind::internal, fmt::format("epoll_ctl: {}", std::strerror(errno))};
      }
    }
    return Done{};
  }

  LoadResult run() {
    if (options_.on_begin) options_.on_begin();
    started_at_ = heard_at_ = Clock::now();
    ticks_at_ = started_at_ + kTick;
    ends_at_ = started_at_ + options_.duration_max;
    for (auto& connection : connections_) refill(*connection, options_.depth, started_at_);
    while (in_flight_ != 0) wait_and_serve();
    result_.elapsed = Clock::now() - started_at_;
    if (options_.on_end) options_.on_end();
    return std::move(result_);
  }

 private:
  bool watch(Connection& connection, int action, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &connection;
    return ::epoll_ctl(poll_.number(), action, connection.socket.number(), &event) == 0;
  }

  void wait_and_serve() {
    std::array<epoll_event, kEventsMax> events;
    const int count = ::epoll_wait(poll_.number(), events.data(), kEventsMax, static_cast<int>(kTick.count()));
    for (int at = 0; at < count; ++at) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(at)].data.ptr);
      if (connection.waits_for_room) send(connection);
      if (connection.socket.number() >= 0) receive(connection);
    }
    const auto now = Clock::now();
    if (count < 0 || now >= ticks_at_) tick(now);
  }

  void tick(Clock::time_point now) {
    ticks_at_ = now + kTick;
    result_.elapsed = now - started_at_;
    if (options_.on_progress) options_.on_progress(result_);
    if (!result_.stopped && options_.stop != nullptr && options_.stop->load()) {
      result_.stopped = true;
      ends_at_ = now;
    }
    if (now - heard_at_ < options_.silence_max) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.silence_max).count();
    for (auto& connection : connections_) {
      lose(*connection, Verdict::unanswered, fmt::format("nothing came for {} s", seconds));
    }
  }

  // Closes a connection; what was in flight on it counts as `verdict`.
  void lose(Connection& connection, Verdict verdict, std::string_view why) {
    if (connection.socket.number() < 0) return;
    const std::uint64_t lost = connection.in_flight.size();
    result_.failures.count(verdict, fmt::format("{}: {}", connection.target.name(), why), lost);
    in_flight_ -= lost;
    connection.in_flight.clear();
    connection.socket.close();  // also removes it from the poll
  }

  void receive(Connection& connection) {
    const ssize_t bytes = ::recv(connection.socket.number(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (bytes == 0) return lose(connection, Verdict::closed, "the connection was closed");
    if (bytes < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      return lose(connection, Verdict::closed, std::strerror(errno));
    }
    const auto now = Clock::now();
    heard_at_ = now;
    std::size_t answered = 0;
    try {
      answered = take_replies(connection, {buffer_.data(), static_cast<std::size_t>(bytes)}, now);
    } catch (const std::exception& failure) {
      return lose(connection, Verdict::closed, failure.what());
    }
    if (now < ends_at_) refill(connection, answered, now);
  }

  // Counts the whole replies and keeps the rest. Most reads end with a whole reply, so nothing is copied. Throws on
  // malformed bytes.
  std::size_t take_replies(Connection& connection, std::string_view bytes, Clock::time_point now) {
    std::string joined;
    if (!connection.received.empty()) {
      joined = std::move(connection.received);
      joined += bytes;
      bytes = joined;
    }
    std::size_t answered = 0;
    while (!bytes.empty()) {
      if (connection.in_flight.empty()) throw std::runtime_error("a reply came that nobody asked for");
      const auto reply =
          connection.in_flight.front().asked.wire->reply(bytes, connection.in_flight.front().asked.number);
      if (!reply) break;
      result_.latency.record(static_cast<std::uint64_t>((now - connection.in_flight.front().sent_at).count()));
      connection.in_flight.pop_front();
      ++result_.answered;
      --in_flight_;
      if (reply->verdict != Verdict::good) result_.failures.count(reply->verdict, reply->words);
      bytes.remove_prefix(reply->length);
      ++answered;
    }
    if (answered == 0 && !joined.empty()) {
      connection.received = std::move(joined);
    } else {
      connection.received.assign(bytes);
    }
    return answered;
  }

  // Sends up to `count` further requests in one write.
  void refill(Connection& connection, std::size_t count, Clock::time_point now) {
    for (; count != 0 && started_ < options_.operations_max; --count) {
      connection.in_flight.push_back({now, requests_.next(connection.unsent)});
      ++started_;
      ++in_flight_;
    }
    send(connection);
  }

  void send(Connection& connection) {
    const std::string_view left = std::string_view(connection.unsent).substr(connection.unsent_from);
    if (!left.empty()) {
      const ssize_t bytes = ::send(connection.socket.number(), left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (bytes < 0 && errno != EAGAIN && errno != EINTR) {
        return lose(connection, Verdict::closed, std::strerror(errno));
      }
      if (bytes > 0) connection.unsent_from += static_cast<std::size_t>(bytes);
    }
    const bool waits = connection.unsent_from != connection.unsent.size();
    if (!waits) {
      connection.unsent.clear();
      connection.unsent_from = 0;
    } else if (connection.unsent_from > kSentBytesMax) {
      connection.unsent.erase(0, std::exchange(connection.unsent_from, 0));
    }
    if (waits == connection.waits_for_room) return;
    connection.waits_for_room = waits;
    if (!watch(connection, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN)) {
      lose(connection, Verdict::closed, std::strerror(errno));
    }
  }

  const LoadOptions& options_;
  Requests& requests_;
  Socket poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> buffer_ = std::vector<char>(kReceiveBytes);
  Clock::time_point started_at_;
  Clock::time_point heard_at_;  // when anything last arrived
  Clock::time_point ticks_at_;
  Clock::time_point ends_at_;
  std::uint64_t started_ = 0;
  std::uint64_t in_flight_ = 0;
  LoadResult result_;
};

}  // namespace

Result<LoadResult> run_load(const LoadOptions& options, Requests& requests) {
  Load load(options, requests);
  if (auto connected = load.connect(); !connected.ok()) return connected.error();
  return load.run();
}

}  // namespace p2p::load
