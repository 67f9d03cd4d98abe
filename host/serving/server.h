// What serves a node? Loops, the listener that deals connections to them in turn, and the admin socket. The services
// behind it are the router's.
#pragma once

#include "serving/admission.h"
#include "serving/connection.h"
#include "serving/loop.h"
#include "serving/own_failures.h"
#include "serving/service_router.h"
#include "serving/waiting_bytes.h"

#include <p2p/location.h>
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
  // Tries `listen`, then up to `search` following ports while one is taken: when bind or listen says so (without
  // SO_REUSEPORT, which would let a second process in). Port 0 takes any free one.
  static Result<BoundPort> bind(asio::io_context& context, const Location& listen, std::uint32_t search);

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
  // removed). The limits of the port's router are the node's. [before start]
  void serve(BoundPort port, ServiceRouter& router);
  Result<Done> serve_admin(const std::filesystem::path& path, ServiceRouter& router);

  // Returns when every loop has ended what it was doing, and begun anew; at once while none runs. [control]
  void turn_loops();

  // How many connections there may be at the port: see admission.h. The operator's socket always takes more.
  // [before start]
  void set_admission(AdmissionLimits limits) noexcept { admission_ = limits; }
  // Returns when connections and bytes that had come by then were taken, as far as can be seen from here: nothing new
  // has come for some turns of the loops. Clients who go on all the time are not waited for. [control]
  void take_what_has_come();

  void start();           // loops run, connections are accepted [control]
  void stop_accepting();  // [control]
  // Lets every connection send its last replies, for `patience` at most, then closes them. [control]
  void close_connections(Duration patience);
  void stop_loops();  // [control]

  OwnFailures& own_failures() noexcept { return own_failures_; }  // [any thread]

  bool is_running() const noexcept { return are_running_; }  // [control]
  std::int64_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }

 private:
  // The connections of one loop.
  class Guests final : public ConnectionHome {
   public:
    Guests(Server& server, Loop& loop);
    void admit(StreamSocket socket, ServiceRouter& router, Standing standing, Logger& log);  // [own loop]
    void connection_closed(Connection& connection) noexcept override;
    void standing_changed(Connection& connection, Standing before, Standing now) noexcept override;
    void bytes_came() noexcept override { ++reads_; }
    std::uint64_t reads() const noexcept { return reads_; }  // that brought something [own loop]
    void waiting_changed(Connection& connection, std::size_t before, std::size_t now, bool has_moved) noexcept override;
    bool is_crowded() const noexcept override { return server_.waiting_.is_crowded(); }
    WideAllowances& wide_allowances() noexcept override { return server_.wide_; }
    // Closes those that have waited longest for their clients, while too much waits and this loop holds more than its
    // part.
    void make_room() noexcept;
    // Closes the connection that has been on trial for the longest time, of those that have had their least; false:
    // there is none.
    bool end_longest_trial() noexcept;
    void finish_all() noexcept;
    void close_all() noexcept;

   private:
    void arm();

    void warn_crowded(const Connection& slowest) noexcept;

    Server& server_;
    Loop& loop_;
    std::list<OriginRef> open_;
    std::list<Connection*> waiting_;  // for their clients; first who has moved nothing for the longest time
    std::list<Connection*> trials_;   // the longest first
    std::uint64_t waiting_bytes_ = 0;
    std::uint64_t untrimmed_bytes_ = 0;  // of connections that were closed since the heap gave pages back
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
    std::shared_ptr<StreamSocket> next = nullptr;  // that is awaited, or has no place yet
  };

  void accept(Listener& listener);
  void on_accepted(Listener& listener, error_code failure);
  // Gives the connection a place, now or when there is one, and goes on accepting then.
  void place(Listener& listener);
  // Has the loops end one trial for it, one loop after the other until one has; `asked`: of them, so far.
  void make_place(Listener& listener, std::size_t asked);
  void try_again(Listener& listener, std::function<void()> what);
  void count(Standing standing, std::int64_t by) noexcept;
  void warn_full();
  void make_room_on_other_loops(std::size_t loop) noexcept;
  // Runs `work(guests)` on every loop and waits until all have.
  template <class Work>
  void on_every_loop(Work work);

  Logger& log_;
  WaitingBytes waiting_;
  WideAllowances wide_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<Guests>> guests_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::size_t next_loop_ = 0;
  AdmissionLimits admission_;
  std::atomic<std::int64_t> connections_{0};
  std::atomic<std::int64_t> on_trial_{0};  // among them, like
  std::atomic<std::int64_t> peers_{0};
  OwnFailures own_failures_{log_};
  RepeatedWarnings crowded_;
  RepeatedWarnings full_;
  bool are_running_ = false;  // [control]
};

}  // namespace p2p::host
