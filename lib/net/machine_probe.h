// Is a machine alive whose node answers no connect? The system silently drops connects while a listener's queue is
// full, and a frozen process's queue soon is: the machine looks switched off. So a datagram is sent to the node's port
// number. As a rule nothing listens for datagrams there, and the machine itself answers that the port is unreachable. A
// datagram that goes unanswered says nothing: a packet filter may drop it. See docs/decisions/0017.
#pragma once

#include "net/asio.h"

#include <p2p/units.h>

#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace p2p::net {

// How long an answer of a machine counts. Machines answer about once a second, shared by all processes of the probing
// machine; one that is switched off must still be detected within seconds.
inline constexpr Duration kMachineMemory = std::chrono::seconds(2);

// Machines that are remembered; beyond it all are forgotten.
inline constexpr std::size_t kMachinesHeardMax = 4'096;

// Machines that answered a probe while connects to them went unanswered; shared by all connections of this node. Every
// method: [any thread].
class MachinesHeard final {
 public:
  void heard(const asio::ip::address& machine, TimePoint at) {
    const std::lock_guard hold(mutex_);
    if (heard_at_.size() >= kMachinesHeardMax) heard_at_.clear();
    TimePoint& last = heard_at_[machine];
    last = std::max(last, at);
  }

  bool were_heard(const asio::ip::address& machine, TimePoint now) const {
    const std::lock_guard hold(mutex_);
    const auto found = heard_at_.find(machine);
    return found != heard_at_.end() && now - found->second < kMachineMemory;
  }

 private:
  mutable std::mutex mutex_;
  std::map<asio::ip::address, TimePoint> heard_at_;
};

// Probes one machine while a connect to it is awaited. Every method: [the context's thread].
class MachineProbe final : public std::enable_shared_from_this<MachineProbe> {
 public:
  // `node`: where the connect goes to.
  MachineProbe(asio::io_context& context, MachinesHeard& machines, const asio::ip::tcp::endpoint& node)
      : machines_(machines), to_(node.address(), node.port()), socket_(context) {}

  // Sends a probe. A failure to send says nothing about the other machine.
  void ask();
  void cancel() noexcept;

 private:
  void open();
  void wait();
  bool is_answered();
  bool is_told_by_machine();

  MachinesHeard& machines_;
  const asio::ip::udp::endpoint to_;
  asio::ip::udp::socket socket_;
};

}  // namespace p2p::net
