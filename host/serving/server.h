// What serves a node? Loops, the listener that deals connections to them in turn, and the admin socket. The services
// behind it are the router's.
#pragma once

#include "serving/admission.h"
#include "serving/connection.h"
#include "serving/loop.h"
#include "serving/own_failures.h"
#include "serving/service_router.h"
#include "serving/waiting_bytes.h"

#include <p2p/node_address.h>
#include <p2p/repeated_warnings.h>
#include <p2p/result.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace p2p::host {

// A bound and listening TCP socket; its port is this process's until it is closed.
class BoundPort final {
 public:
  // Tries `listen`, then up to `search` following ports while bind or listen says that one is taken (without
  // SO_REUSEPORT, which would let a second process in). Port 0 takes any free one.
  static Result<BoundPort> bind(asio::io_context& context, const NodeAddress& listen, std::uint32_t search);

  std::uint16_t port() const { return acceptor.local_endpoint().port(); }

  asio::ip::tcp::acceptor acceptor;
};

class Server final {
 public:
  Server(std::size_t loops, Logger& log);
  ~Server();

  std::vector<std::unique_ptr<Loop>>& loops() noexcept { return loops_; }
  Loop& first_loop() noexcept { return *loops_.front(); }

  // Accepts on an open port, or on a unix socket that is made for it with mode 0600 (an old file of that name is
  // removed). The port's router has the node's limits. [before start]
  void serve(BoundPort port, ServiceRouter& router);
  Result<Done> serve_admin(const std::filesystem::path& path, ServiceRouter& router);

  // Returns when every loop has finished its current turn and begun another; at once while none runs. [control]
  void turn_loops();

  // How many connections there may be at the port: see admission.h. The operator's socket always takes more.
  // [before start]
  void set_admission(AdmissionLimits limits) noexcept { admission_ = limits; }
  // Returns when connections and bytes that have arrived are taken, as far as can be seen from here: nothing new has
  // arrived for some turns of the loops. Does not wait for clients that never pause. [control]
  void take_what_has_come();

  void start();           // loops run, connections are accepted [control]
  void stop_accepting();  // [control]
  // Lets every connection send its last replies, for `patience` at most, then closes them. [control]
  void close_connections(Duration patience);
  void stop_loops();  // [control]

  OwnFailures& own_failures() noexcept { return own_failures_; }  // [any thread]

  bool is_running() const noexcept { return are_running_; }  // [control]
  std::int64_t peers() const noexcept { return peers_.load(std::memory_order_relaxed); }
  std::uint64_t waiting_bytes() const noexcept { return waiting_.total(); }
  std::int64_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }

 private:
  // The connections of one loop.
  class LoopConnections final : public ConnectionHome {
   public:
    LoopConnections(Server& server, Loop& loop);
    void admit(StreamSocket socket, ServiceRouter& router, ConnectionStatus status, Logger& log);  // [own loop]
    void connection_closed(Connection& connection) noexcept override;
    void status_changed(Connection& connection, ConnectionStatus before, ConnectionStatus now) noexcept override;
    void bytes_came() noexcept override { ++reads_; }
    std::uint64_t reads() const noexcept { return reads_; }  // that brought something [own loop]
    void waiting_changed(Connection& connection, std::size_t before, std::size_t now, bool has_moved) noexcept override;
    bool is_overloaded() const noexcept override { return server_.waiting_.is_overloaded(); }
    WideAllowances& wide_allowances() noexcept override { return server_.wide_; }
    // Closes the connections that have waited longest for their clients while too much waits and this loop holds more
    // than its share.
    void make_room() noexcept;
    // Of the connections that have had their least time on trial, closes the oldest; false: there is none.
    bool end_longest_trial() noexcept;
    void finish_all() noexcept;
    void close_all() noexcept;

   private:
    void arm();

    void warn_overloaded(const Connection& slowest) noexcept;

    Server& server_;
    Loop& loop_;
    std::list<OriginRef> open_;
    std::list<Connection*> waiting_;  // for their clients; the longest without progress first
    std::list<Connection*> trials_;   // the longest first
    std::uint64_t waiting_bytes_ = 0;
    std::uint64_t untrimmed_bytes_ = 0;  // of connections closed since the heap last gave pages back
    std::uint64_t reads_ = 0;
    asio::steady_timer ages_;
    bool is_armed_ = false;
  };

  struct Listener {
    ServiceRouter& router;
    asio::steady_timer pause;
    std::unique_ptr<asio::ip::tcp::acceptor> tcp;
    std::unique_ptr<asio::local::stream_protocol::acceptor> local;
    std::filesystem::path path;
    std::size_t loop = 0;                          // of the next connection
    std::shared_ptr<StreamSocket> next = nullptr;  // being accepted, or without a place yet
  };

  void accept(Listener& listener);
  void on_accepted(Listener& listener, error_code failure);
  // Gives the connection a place, now or when there is one, and then goes on accepting.
  void place(Listener& listener);
  // Asks one loop after the other to end a trial for it, until one has; `asked`: loops asked so far.
  void make_place(Listener& listener, std::size_t asked);
  void try_again(Listener& listener, std::function<void()> what);
  void count(ConnectionStatus status, std::int64_t by) noexcept;
  void warn_full();
  void make_room_on_other_loops(std::size_t loop) noexcept;
  // Runs `work(connections of a loop)` on every loop and waits until all have.
  template <class Work>
  void on_every_loop(Work work);

  Logger& log_;
  WaitingBytes waiting_;
  WideAllowances wide_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<LoopConnections>> loop_connections_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::size_t next_loop_ = 0;
  AdmissionLimits admission_;
  std::atomic<std::int64_t> connections_{0};
  std::atomic<std::int64_t> on_trial_{0};  // among them, like
  std::atomic<std::int64_t> peers_{0};
  OwnFailures own_failures_{log_};
  RepeatedWarnings overloaded_;
  RepeatedWarnings full_;
  bool are_running_ = false;  // [control]
};

}  // namespace p2p::host
