#include "config/advertise.h"

#include <algorithm>
#include <string_view>

namespace p2p::host {
namespace {

Error undecided(const std::string& why, std::uint16_t port) {
  return {ErrorKind::invalid, "the node listens on every address, but " + why +
                                  "; say how others reach it: [host] advertise = \"ADDRESS:" + std::to_string(port) +
                                  "\", or listen on one address"};
}

Result<Location> reachable(const Location& chosen, const char* key) {
  if (!is_link_local(chosen.address)) return chosen;
  return Error{ErrorKind::invalid,
               std::string("[host] ") + key + " = \"" + chosen.name() +
                   "\" is a link-local address, which means another place on each machine; set [host] "
                   "advertise to one that others can reach"};
}

bool is_served(const std::string& address, const Location& listen) {
  return !Location{address, 0}.is_v6() || listen.is_v6();
}

}  // namespace

bool is_link_local(const std::string& address) {
  const std::string_view group(address.data(), std::min<std::size_t>(address.find(':'), address.size()));
  return group.size() == 4 && group >= "fe80" && group <= "febf";
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost" ||
         address.starts_with("::ffff:127.");
}

bool is_every_address(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

Result<Location> decide_advertised(const Location& listen, const std::optional<Location>& advertise,
                                   const std::vector<std::string>& resolved) {
  if (advertise) {
    if (is_every_address(advertise->address)) {
      return Error{ErrorKind::invalid,
                   "[host] advertise = \"" + advertise->name() + "\" is no address that others can reach"};
    }
    return reachable({advertise->address, advertise->port == 0 ? listen.port : advertise->port}, "advertise");
  }
  if (!is_every_address(listen.address)) return reachable(listen, "listen");
  std::vector<std::string> served;
  for (const std::string& address : resolved) {
    if (is_served(address, listen) && !is_link_local(address)) served.push_back(address);
  }
  std::ranges::stable_sort(served, {}, [](const std::string& address) { return Location{address, 0}.is_v6(); });
  if (served.empty()) return undecided("the machine's own name has no address that it can be reached at", listen.port);
  const auto chosen = std::ranges::find_if_not(served, is_loopback);
  if (chosen != served.end()) return Location{*chosen, listen.port};
  return undecided("the machine's own name resolves to " + served.front() + ", which is itself only", listen.port);
}

}  // namespace p2p::host
