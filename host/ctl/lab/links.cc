#include "ctl/lab/links.h"

#include "ctl/lab/child.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace p2p::ctl::lab {
namespace {

constexpr const char* kBridge = "lab0";

Result<Done> all_of(std::initializer_list<std::string> commands) {
  for (const std::string& command : commands)
    if (auto run = run_to_end({command}); !run.ok()) return run;
  return Done{};
}

}  // namespace

std::string Links::refusal() {
  if (::geteuid() != 0) return "cut needs root, to give each node a network of its own";
  if (!run_to_end({"ip -V"}).ok()) return "cut needs the program ip (package iproute2)";
  // Root in a container may not.
  if (!run_to_end({"unshare --net true"}).ok())
    return "cut needs networks of the nodes' own, which this system does not give";
  return "";
}

Result<Done> Links::open() {
  if (::unshare(CLONE_NEWNET) != 0) {
    return Error{ErrorKind::local, fmt::format("cut needs networks of the nodes' own: {}", std::strerror(errno))};
  }
  is_open_ = true;
  return all_of({"ip link set lo up", fmt::format("ip link add {} type bridge", kBridge),
                 fmt::format("ip addr add 10.77.0.254/24 dev {}", kBridge), fmt::format("ip link set {} up", kBridge)});
}

std::string Links::address_of(std::uint32_t node) { return fmt::format("10.77.0.{}", node); }

// The hardware address is the same after a restart: others remember it for minutes.
Result<Done> Links::connect(std::uint32_t node, pid_t child) {
  // The system clears away the network of a node that has ended when it pleases: a new link has a new name.
  const std::string name = fmt::format("lab{}", ++made_);
  names_[node] = name;
  const std::string inside = fmt::format("nsenter --net=/proc/{}/ns/net ip", child);
  return all_of(
      {fmt::format("ip link add {} type veth peer name eth0 address 02:00:00:00:4d:{:02x} netns {}", name, node, child),
       fmt::format("ip link set {} master {} up", name, kBridge),
       fmt::format("{} addr add {}/24 dev eth0", inside, address_of(node)), fmt::format("{} link set lo up", inside),
       fmt::format("{} link set eth0 up", inside)});
}

Result<Done> Links::set(std::uint32_t node, bool is_whole) {
  return all_of({fmt::format("ip link set {} {}", names_.at(node), is_whole ? "up" : "down")});
}

}  // namespace p2p::ctl::lab
