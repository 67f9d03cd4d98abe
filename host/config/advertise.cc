#include "config/advertise.h"

#include "text/address_kind.h"

#include <algorithm>

namespace p2p::host {
namespace {

Error undecided(const std::string& why, std::uint16_t port) {
  return {ErrorKind::invalid, "the node listens on every address, but " + why +
                                  "; say how others reach it: [host] advertise = \"ADDRESS:" + std::to_string(port) +
                                  "\", or listen on one address"};
}

Result<NodeAddress> reachable(const NodeAddress& chosen, const char* key) {
  if (!is_link_local(chosen.host)) return chosen;
  return Error{ErrorKind::invalid,
               std::string("[host] ") + key + " = \"" + chosen.name() +
                   "\" is a link-local address, which means another place on each machine; set [host] "
                   "advertise to one that others can reach"};
}

bool is_served(const std::string& address, const NodeAddress& listen) {
  return !NodeAddress{address, 0}.is_v6() || listen.is_v6();
}

}  // namespace

Result<NodeAddress> decide_advertised(const NodeAddress& listen, const std::optional<NodeAddress>& advertise,
                                      const std::vector<std::string>& resolved, std::uint16_t wanted_port) {
  if (advertise) {
    if (advertise->port != 0 && listen.port != wanted_port) {
      return Error{ErrorKind::invalid, "[host] advertise = \"" + advertise->name() +
                                           "\" names a port, but the node got port " + std::to_string(listen.port) +
                                           " instead of " + std::to_string(wanted_port) +
                                           ", which is taken; stop what listens there, or advertise port 0, which "
                                           "stands for the port that the node gets"};
    }
    return reachable({advertise->host, advertise->port == 0 ? listen.port : advertise->port}, "advertise");
  }
  if (!is_every_address(listen.host)) return reachable(listen, "listen");
  std::vector<std::string> served;
  for (const std::string& address : resolved) {
    if (is_served(address, listen) && !is_link_local(address)) served.push_back(address);
  }
  std::ranges::stable_sort(served, {}, [](const std::string& address) { return NodeAddress{address, 0}.is_v6(); });
  if (served.empty()) return undecided("the machine's own name has no address that it can be reached at", listen.port);
  const auto chosen = std::ranges::find_if_not(served, is_loopback);
  if (chosen != served.end()) return NodeAddress{*chosen, listen.port};
  return undecided("the machine's own name resolves to " + served.front() + ", which is itself only", listen.port);
}

}  // namespace p2p::host
