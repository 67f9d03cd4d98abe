#include "serving/server.h"

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <boost/asio/ip/v6_only.hpp>

#include <cerrno>
#include <future>
#include <thread>

namespace p2p::host {
namespace {

// How often the ages of a loop's connections are checked: the limits are seconds and more.
constexpr auto kAgeCheckPeriod = std::chrono::seconds(1);
// Back-off after a failed accept() (usually for want of descriptors).
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// Each turn of a loop takes one step: a connection is accepted, dealt to its loop, read. The kernel is polled at least
// once between two turns, so after some turns without news nothing is left.
constexpr int kQuietTurns = 4;
// How long clients that never pause are waited for.
constexpr auto kLastArrivals = std::chrono::milliseconds(500);

using UnsentBytesMax = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

// glibc keeps freed memory in pieces that the next large block does not fit into: without help the process would hold
// several times what waits. Pages are given back whenever this part of waiting_bytes_max was freed; mapping and
// unmapping each large block instead makes reading values of 300 KiB twice as expensive.
constexpr std::uint64_t kPartsUntrimmed = 4;

bool is_taken(error_code failure) { return failure == asio::error::address_in_use; }

Result<std::vector<asio::ip::tcp::endpoint>> endpoints_of(asio::io_context& context, const NodeAddress& listen) {
  error_code failure;
  const auto address = asio::ip::make_address(listen.host, failure);
  if (!failure) return std::vector{asio::ip::tcp::endpoint(address, listen.port)};
  asio::ip::tcp::resolver resolver(context);
  const auto found = resolver.resolve(listen.host, std::to_string(listen.port), failure);
  if (failure || found.empty()) {
    return Error{ErrorKind::invalid, "cannot resolve '" + listen.host + "' of [host] listen: " + failure.message()};
  }
  return std::vector<asio::ip::tcp::endpoint>(found.begin(), found.end());
}

// Binds and listens; the error says why not.
error_code try_listen(asio::ip::tcp::acceptor& acceptor, const asio::ip::tcp::endpoint& endpoint) {
  error_code failure;
  if (acceptor.is_open()) acceptor.close(failure);
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.set_option(asio::socket_base::reuse_address(true), failure);
  // "::" means every address, including IPv4, whatever the system's default.
  if (!failure && endpoint.address() == asio::ip::address_v6::any()) {
    acceptor.set_option(asio::ip::v6_only(false), failure);
  }
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  return failure;
}

}  // namespace

Result<BoundPort> BoundPort::bind(asio::io_context& context, const NodeAddress& listen, std::uint32_t search) {
  const auto endpoints = endpoints_of(context, listen);
  if (!endpoints.ok()) return endpoints.error();
  BoundPort bound{asio::ip::tcp::acceptor(context)};
  error_code failure;
  // Of a name's several addresses, the first that this machine has.
  for (auto endpoint : endpoints.value()) {
    for (std::uint32_t offset = 0; offset <= search && listen.port + offset <= 65535; ++offset) {
      endpoint.port(static_cast<std::uint16_t>(listen.port + offset));
      failure = try_listen(bound.acceptor, endpoint);
      if (!failure) return bound;
      if (!is_taken(failure) || listen.port == 0) break;
    }
    if (is_taken(failure)) break;
  }
  std::string text = "cannot listen on " + listen.name() + ": " + failure.message();
  if (is_taken(failure)) {
    text += search == 0 ? "; stop what listens there, or set [host] port_search to try the next ports"
                        : " (nor on the next " + std::to_string(search) + " ports)";
  }
  return Error{ErrorKind::refused, std::move(text)};
}

// --- connections of one loop -----------------------------------------------------------------------------------------

Server::LoopConnections::LoopConnections(Server& server, Loop& loop)
    : server_(server), loop_(loop), ages_(loop.context()) {}

void Server::LoopConnections::admit(StreamSocket socket, ServiceRouter& router, ConnectionStatus status, Logger& log) {
  auto* connection = new Connection(std::move(socket), loop_, router, *this, status, log);  // owned by its references
  open_.emplace_back(connection);
  connection->place_at_home = std::prev(open_.end());
  if (status == ConnectionStatus::on_trial) {
    trials_.push_back(connection);
    connection->place_among_the_trials = std::prev(trials_.end());
  }
  loop_.refresh_now();
  connection->start();
  arm();
}

void Server::LoopConnections::connection_closed(Connection& connection) noexcept {
  server_.connections_.fetch_sub(1, std::memory_order_relaxed);
  server_.count(connection.status(), -1);
  if (connection.status() == ConnectionStatus::on_trial) trials_.erase(connection.place_among_the_trials);
  // The list's reference may be the last one, and the caller is a method of the connection.
  loop_.post([ref = *connection.place_at_home] {});
  open_.erase(connection.place_at_home);
}

void Server::LoopConnections::status_changed(Connection& connection, ConnectionStatus before,
                                             ConnectionStatus now) noexcept {
  if (before == ConnectionStatus::on_trial) trials_.erase(connection.place_among_the_trials);
  server_.count(before, -1);
  server_.count(now, +1);
}

void Server::LoopConnections::waiting_changed(Connection& connection, std::size_t before, std::size_t now,
                                              bool has_moved) noexcept {
  waiting_bytes_ += now - before;
  server_.waiting_.change(before, now);
  if (before == 0 && now != 0) {
    waiting_.push_back(&connection);
    connection.place_among_the_waiting = std::prev(waiting_.end());
  } else if (before != 0 && now == 0) {
    waiting_.erase(connection.place_among_the_waiting);
  } else if (has_moved) {
    waiting_.splice(waiting_.end(), waiting_, connection.place_among_the_waiting);
  }
  if (now <= before || !server_.waiting_.is_over()) return;
  make_room();
  if (server_.waiting_.is_over()) server_.make_room_on_other_loops(loop_.number());
}

void Server::LoopConnections::make_room() noexcept {
  const WaitingBytes& all = server_.waiting_;
  while (all.is_over() && waiting_bytes_ > all.part_of_a_loop() && !waiting_.empty()) {
    untrimmed_bytes_ += waiting_.front()->waiting_bytes();
    warn_overloaded(*waiting_.front());
    waiting_.front()->break_now();
  }
  if (untrimmed_bytes_ < all.part_of_a_loop() / kPartsUntrimmed) return;
  untrimmed_bytes_ = 0;
  ::malloc_trim(0);
}

void Server::LoopConnections::warn_overloaded(const Connection& slowest) noexcept {
  loop_.refresh_now();
  const auto unsaid = server_.overloaded_.due("", loop_.now());
  if (!unsaid) return;
  server_.log_.warn(
      "[host] waiting_bytes_max = {} are reached: closing the connections of the slowest clients, now one for which {} "
      "bytes "
      "wait and that has moved none for {} ms ({} more since the last such line)",
      server_.waiting_.max(), slowest.waiting_bytes(),
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - slowest.moved_at()).count(), *unsaid);
}

void Server::LoopConnections::arm() {
  if (is_armed_ || open_.empty()) return;
  is_armed_ = true;
  ages_.expires_after(kAgeCheckPeriod);
  ages_.async_wait([this](error_code failure) {
    is_armed_ = false;
    if (failure) return;
    loop_.refresh_now();
    for (auto at = open_.begin(); at != open_.end();) {
      auto* connection = static_cast<Connection*>((at++)->get());
      connection->check_age(loop_.now());
    }
    arm();
  });
}

bool Server::LoopConnections::end_longest_trial() noexcept {
  loop_.refresh_now();
  for (Connection* one : trials_) {
    if (one->check_trial(loop_.now(), kTrialLeast)) return true;
  }
  return false;
}

void Server::LoopConnections::finish_all() noexcept {
  for (auto at = open_.begin(); at != open_.end();) static_cast<Connection*>((at++)->get())->finish_up();
}

void Server::LoopConnections::close_all() noexcept {
  while (!open_.empty()) static_cast<Connection*>(open_.front().get())->close();
}

// --- the server ------------------------------------------------------------------------------------------------------

Server::Server(std::size_t loops, Logger& log) : log_(log), waiting_(loops) {
  for (std::size_t number = 0; number < loops; ++number) {
    loops_.push_back(std::make_unique<Loop>(number, log));
    loop_connections_.push_back(std::make_unique<LoopConnections>(*this, *loops_.back()));
  }
}

Server::~Server() { stop_loops(); }

void Server::serve(BoundPort port, ServiceRouter& router) {
  auto listener =
      std::make_unique<Listener>(Listener{router, asio::steady_timer(first_loop().context()), nullptr, nullptr, {}});
  listener->tcp = std::make_unique<asio::ip::tcp::acceptor>(std::move(port.acceptor));
  waiting_.set_max(router.limits().waiting_bytes_max);
  wide_.set_waiting_bytes_max(router.limits().waiting_bytes_max);
  listeners_.push_back(std::move(listener));
}

Result<Done> Server::serve_admin(const std::filesystem::path& path, ServiceRouter& router) {
  using Local = asio::local::stream_protocol;
  auto listener =
      std::make_unique<Listener>(Listener{router, asio::steady_timer(first_loop().context()), nullptr, nullptr, path});
  listener->local = std::make_unique<Local::acceptor>(first_loop().context());
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  error_code failure;
  listener->local->open(Local(), failure);
  // bind() makes the socket's file with the socket's own mode; it must never be open to others. A umask would affect
  // the whole process, which may run other nodes.
  if (!failure && ::fchmod(listener->local->native_handle(), 0600) != 0)
    failure = error_code(errno, boost::system::system_category());
  if (!failure) listener->local->bind(Local::endpoint(path.native()), failure);
  if (!failure) listener->local->listen(asio::socket_base::max_listen_connections, failure);
  if (failure)
    return Error{ErrorKind::refused, "cannot make the admin socket " + path.native() + ": " + failure.message()};
  listeners_.push_back(std::move(listener));
  return Done{};
}

void Server::start() {
  for (auto& loop : loops_) loop->start();
  are_running_ = true;
  first_loop().post([this] {
    for (auto& listener : listeners_) accept(*listener);
  });
}

void Server::accept(Listener& listener) {
  listener.loop = next_loop_++ % loops_.size();
  listener.next = std::make_shared<StreamSocket>(loops_[listener.loop]->context());
  auto accepted = [this, &listener](error_code failure) {
    error_code ignored;
    if (!failure && listener.tcp) {
      listener.next->set_option(asio::ip::tcp::no_delay(true), ignored);
      listener.next->set_option(UnsentBytesMax(kUnsentBytesMax), ignored);
    }
    on_accepted(listener, failure);
  };
  if (listener.tcp) {
    listener.tcp->async_accept(*listener.next, accepted);
  } else {
    listener.local->async_accept(*listener.next, accepted);
  }
}

void Server::on_accepted(Listener& listener, error_code failure) {
  if (failure == asio::error::operation_aborted) return;
  if (!failure) return place(listener);
  own_failures_.note("accept connections", failure.message(), std::chrono::steady_clock::now());
  try_again(listener, [this, &listener] { accept(listener); });
}

void Server::place(Listener& listener) {
  const AdmissionCounts counts{connections_.load(std::memory_order_relaxed), on_trial_.load(std::memory_order_relaxed),
                               peers_.load(std::memory_order_relaxed)};
  // The operator's socket stays open when the port is full.
  const Admitted admitted = listener.tcp ? admit(counts, admission_) : Admitted::as_client;
  if (admitted != Admitted::as_client) warn_full();
  if (admitted == Admitted::not_yet) return make_place(listener, 0);
  const ConnectionStatus status =
      admitted == Admitted::on_trial ? ConnectionStatus::on_trial : ConnectionStatus::client;
  connections_.fetch_add(1, std::memory_order_relaxed);
  count(status, +1);
  loops_[listener.loop]->post([this, loop = listener.loop, status, socket = std::move(listener.next), &listener] {
    loop_connections_[loop]->admit(std::move(*socket), listener.router, status, log_);
  });
  accept(listener);
}

// Frees one place for one waiting connection: a connection late with its hello loses its place only when another needs
// it.
void Server::make_place(Listener& listener, std::size_t asked) {
  auto again = [this, &listener] {
    if (listener.tcp->is_open()) place(listener);
  };
  if (asked == loops_.size()) {
    return first_loop().post([this, &listener, again] { try_again(listener, again); });
  }
  // Not always the same loop first: connections are dealt to the loops in turn.
  const std::size_t loop = (listener.loop + asked) % loops_.size();
  loops_[loop]->post([this, &listener, asked, loop, again] {
    if (loop_connections_[loop]->end_longest_trial()) return first_loop().post(again);
    make_place(listener, asked + 1);
  });
}

void Server::try_again(Listener& listener, std::function<void()> what) {
  listener.pause.expires_after(kAcceptPause);
  listener.pause.async_wait([what = std::move(what)](error_code cancelled) {
    if (!cancelled) what();
  });
}

void Server::count(ConnectionStatus status, std::int64_t by) noexcept {
  if (status == ConnectionStatus::on_trial) on_trial_.fetch_add(by, std::memory_order_relaxed);
  if (status == ConnectionStatus::peer) peers_.fetch_add(by, std::memory_order_relaxed);
}

void Server::warn_full() {
  const auto unsaid = full_.due("", std::chrono::steady_clock::now());
  if (!unsaid) return;
  log_.warn(
      "{} clients are connected, as many as may be ([host] connections_max, ulimit -n): others are turned away, "
      "unless they are nodes ({} more since the last such line)",
      admission_.clients_max, *unsaid);
}

void Server::make_room_on_other_loops(std::size_t loop) noexcept {
  if (loops_.size() == 1 || !waiting_.ask_others()) return;
  for (std::size_t other = 0; other < loops_.size(); ++other) {
    if (other == loop) continue;
    loops_[other]->post([this, other] {
      loop_connections_[other]->make_room();
      waiting_.one_has_looked();
    });
  }
}

template <class Work>
void Server::on_every_loop(Work work) {
  std::vector<std::future<void>> done;
  for (std::size_t number = 0; number < loops_.size(); ++number) {
    auto promise = std::make_shared<std::promise<void>>();
    done.push_back(promise->get_future());
    loops_[number]->post([this, number, work, promise] {
      work(number, *loop_connections_[number]);
      promise->set_value();
    });
  }
  for (auto& one : done) one.wait();
}

void Server::turn_loops() {
  if (are_running_) on_every_loop([](std::size_t, LoopConnections&) {});
}

void Server::take_what_has_come() {
  if (!are_running_) return;
  const auto until = std::chrono::steady_clock::now() + kLastArrivals;
  std::uint64_t before = 0;
  for (int quiet = 0; quiet < kQuietTurns && std::chrono::steady_clock::now() < until;) {
    std::atomic<std::uint64_t> now{0};
    on_every_loop([this, &now](std::size_t number, LoopConnections& loop_connections) {
      now.fetch_add(loop_connections.reads() + (number == 0 ? next_loop_ : 0));
    });
    quiet = now == before ? quiet + 1 : 0;
    before = now;
  }
}

void Server::stop_accepting() {
  if (!are_running_) return;
  on_every_loop([this](std::size_t number, LoopConnections&) {
    if (number != 0) return;
    for (auto& listener : listeners_) {
      error_code ignored;
      std::error_code not_there;
      listener->pause.cancel(ignored);
      if (listener->tcp) listener->tcp->close(ignored);
      if (listener->local) {
        listener->local->close(ignored);
        std::filesystem::remove(listener->path, not_there);
      }
    }
  });
}

void Server::close_connections(Duration patience) {
  if (!are_running_) return;
  on_every_loop([](std::size_t, LoopConnections& loop_connections) { loop_connections.finish_all(); });
  const auto until = std::chrono::steady_clock::now() + patience;
  while (connections() > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  on_every_loop([](std::size_t, LoopConnections& loop_connections) { loop_connections.close_all(); });
}

void Server::stop_loops() {
  // A last turn: calls that were released on other threads end on their own loop.
  turn_loops();
  for (auto& loop : loops_) loop->stop();
  are_running_ = false;
}

}  // namespace p2p::host
