// Does a machine live whose node answers no connect? The system drops connects silently while a listener's queue is
// full, as that of a frozen process soon is: it looks as if the machine was switched off. So a datagram is sent to the
// node's own port number. As a rule nobody listens for datagrams there, and the machine itself answers that the port is
// unreachable. What no machine answers, or a packet filter drops, says nothing. See docs/decisions/0017.
#pragma once

#include "serving/asio.h"

#include <p2p/units.h>

#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace p2p::host {

// How long it counts that a machine was heard. Machines answer about once a second, and all processes of one asker's
// machine share that; one that is switched off then must still be found out within seconds.
inline constexpr Duration kMachineMemory = std::chrono::seconds(2);

// Machines that are remembered; with more, all are asked anew.
inline constexpr std::size_t kMachinesHeardMax = 4'096;

// Which machines have been heard when connects to them went unanswered, shared by all connections of this node. Every
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

// Asks one machine, for as long as somebody waits for a connect to it. Every method: [own loop].
class MachineProbe final : public std::enable_shared_from_this<MachineProbe> {
 public:
  // `node`: where the connect goes to.
  MachineProbe(asio::io_context& context, MachinesHeard& machines, const asio::ip::tcp::endpoint& node)
      : machines_(machines), to_(node.address(), node.port()), socket_(context) {}

  // Asks, or asks again. That this machine is not able to says nothing about the other.
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

}  // namespace p2p::host
