// The locator plugin: its descriptor, and its membership implementations.
#include "classic/classic.h"
#include "locator_plugin.h"

namespace p2p::ring {
namespace {

// One choice so far, `membership = "classic"`; a second goes here.
class Locator final : public LocatorPlugin {
 public:
  Locator() : LocatorPlugin(classic::make_classic) {}
};

}  // namespace
}  // namespace p2p::ring

// One option a line reads better than what the formatter makes of adjacent strings.
// clang-format off
P2P_PLUGIN(p2p::ring::Locator,
           P2P_NAME("locator")
           P2P_VERSION(P2P_SDK_VERSION)
           P2P_SUMMARY("who is in the network, and who owns a key")
           P2P_PROVIDES("p2p.locator.ILocator/3")
           P2P_SERVES("locator.Locator")
           P2P_OPTION("membership", "choice", "classic", "classic",
                      "how members are found and given up; classic: the 2009 system's chain of adds and removes")
           P2P_OPTION("placement", "choice", "classic", "classic",
                      "which member owns a key, the same on every node of a network; classic: the 2009 system's ring")
           P2P_OPTION("discover", "choice", "localhost", "localhost|none",
                      "where to look for a network when join is empty; none: found one at once")
           P2P_OPTION("discover_port_first", "int", "9900", "1..65535", "first port of this machine to look at")
           P2P_OPTION("discover_port_count", "int", "10", "0..1000", "how many ports of this machine to look at")
           P2P_OPTION("discover_timeout", "duration", "2s", "10ms..1m",
                      "how long a port that is taken but silent keeps this node from founding a network")
           P2P_OPTION("join", "list", "", "",
                      "members to join, as host:port; when set, no network is founded, "
                      "and the node is ready once it has joined")
           P2P_OPTION("join_retry", "duration", "500ms", "10ms..1m", "longest pause before one of join is asked again")
           P2P_OPTION("connect_attempts", "int", "3", "1..10",
                      "failed connects within a second after which a member is removed")
           P2P_OPTION("compare_interval", "duration", "1s", "50ms..1h",
                      "how often the members are compared with those of some other node")
           P2P_OPTION("call_timeout", "duration", "1s", "10ms..1m", "how long to wait for another locator's answer")
           P2P_OPTION("layer_timeout", "duration", "5s", "100ms..10m",
                      "how long a service may hold up a change of the ring before it is passed over"))
// clang-format on
