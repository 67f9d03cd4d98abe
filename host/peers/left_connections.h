// Is a node's machine alive when the node answers no call? A call to a node of the 2009 system that gets no answer in
// time leaves its connection open. There it waits among many others, and costs the node nothing; but the node's machine
// goes on acknowledging keep-alives on it. So it shows that the machine is alive when no further connect is answered,
// because the queue is full, and no datagram, because a packet filter drops it (net/machine_probe.h).
#pragma once

#include "net/machine_probe.h"
#include "serving/asio.h"

#include <p2p/units.h>

#include <cstddef>
#include <map>
#include <memory>

namespace p2p::host {

// Connections that one loop keeps, to different machines; rarely are several nodes frozen.
inline constexpr std::size_t kLeftConnectionsMax = 64;

// How often a keep-alive is sent, and how often acknowledgments are checked: well within kMachineMemory.
inline constexpr std::chrono::seconds kKeepAlivePause{1};
inline constexpr Duration kLookPause = std::chrono::milliseconds(500);

// Keep-alives that go unacknowledged before the system ends the connection.
inline constexpr int kKeepAlivesMax = 5;

// Of one loop. Every method: [own loop].
class LeftConnections final {
 public:
  LeftConnections(asio::io_context& context, net::MachinesHeard& machines) : context_(context), machines_(machines) {}
  ~LeftConnections() { close(); }
  LeftConnections(const LeftConnections&) = delete;
  LeftConnections& operator=(const LeftConnections&) = delete;

  // Keeps `connection`, on which no answer is awaited any more, until something arrives or it ends; closes it at once
  // when one to that machine is kept already.
  void keep(asio::ip::tcp::socket connection);

  void close() noexcept;
  std::size_t size() const noexcept { return all_.size(); }

 private:
  struct Left {
    asio::ip::tcp::socket socket;
    asio::steady_timer look;
  };
  using Shared = std::shared_ptr<Left>;

  void wait_for_end(const asio::ip::address& machine, const Shared& left);
  void look(const asio::ip::address& machine, const Shared& left);

  asio::io_context& context_;
  net::MachinesHeard& machines_;
  std::map<asio::ip::address, Shared> all_;
};

}  // namespace p2p::host
