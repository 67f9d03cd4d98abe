#include "config/advertise.h"

namespace p2p::host {
namespace {

Error undecided(const std::string& why, std::uint16_t port) {
  return {ErrorKind::invalid, "the node listens on every address, but " + why +
                                  "; say how others reach it: [host] advertise = \"ADDRESS:" + std::to_string(port) +
                                  "\", or listen on one address"};
}

}  // namespace

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost" ||
         address.starts_with("::ffff:127.");
}

bool is_every_address(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

Result<Location> decide_advertised(const Location& listen, const std::optional<Location>& advertise,
                                   const std::string& resolved) {
  if (advertise) {
    if (is_every_address(advertise->address)) {
      return Error{ErrorKind::invalid,
                   "[host] advertise = \"" + advertise->name() + "\" is no address that others can reach"};
    }
    return Location{advertise->address, advertise->port == 0 ? listen.port : advertise->port};
  }
  if (!is_every_address(listen.address)) return listen;
  if (resolved.empty()) return undecided("the machine's own name has no address", listen.port);
  if (is_loopback(resolved))
    return undecided("the machine's own name resolves to " + resolved + ", which is itself only", listen.port);
  return Location{resolved, listen.port};
}

}  // namespace p2p::host
