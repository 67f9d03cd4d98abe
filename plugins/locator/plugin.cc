// The locator plugin: its descriptor, and its membership implementations.
#include "agreed/agreed.h"
#include "classic/classic.h"
#include "locator_plugin.h"

namespace p2p::ring {
namespace {

bool is_agreed(const Config& config) { return config.text("mode") == "agreed"; }

Result<Implementation> make(Context& context) {
  return is_agreed(context.config()) ? agreed::make_agreed(context) : classic::make_classic(context);
}

class Locator final : public LocatorPlugin {
 public:
  Locator() : LocatorPlugin(make) {}

  Result<Done> configure(const Config& config) override {
    auto configured = LocatorPlugin::configure(config);
    if (configured.ok() && !is_agreed(config) && config.flag("found"))
      return config.wrong("found", "a network of mode classic is founded by itself; it needs mode = \"agreed\"");
    return configured.ok() && is_agreed(config) ? agreed::check_options(config) : configured;
  }
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
           P2P_OPTION("mode", "choice", "agreed", "agreed|classic",
                      "how members are found and given up, and which of them owns a key, the same on every node of a "
                      "network; agreed: one cluster map that a majority decides; classic: the 2009 system's chain and "
                      "ring")
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
           P2P_OPTION("partitions", "int", "4096", "1..65536",
                      "mode agreed: into how many parts keys are divided, a power of two; the same on every node")
           P2P_OPTION("copies", "int", "3", "1..7",
                      "mode agreed: on how many members each partition is kept, as far as there are so many; the same "
                      "on every node")
           P2P_OPTION("copies_min", "int", "2", "1..7",
                      "mode agreed: on how many of them a write must be, as far as there are so many; a member that "
                      "joins or restarts counts once it is filled; the same on every node")
           P2P_OPTION("expect", "int", "1", "1..1000",
                      "mode agreed: the node is ready when the network has so many members")
           P2P_OPTION("found", "bool", "false", "",
                      "mode agreed: found a network of its own instead of looking for one, as the argument --found; "
                      "instead of returning to the network that this node remembers, too, unless one of its members "
                      "answers. Done once: means nothing for a network that was founded so")
           P2P_OPTION("zone", "text", "", "", "mode agreed: where this node runs; copies are spread over zones")
           P2P_OPTION("weight", "int", "100", "0..10000",
                      "mode agreed: this node's share of the partitions, compared with that of the others; 0: none. "
                      "Where it is set, it counts from each start on; p2pctl weight holds until then")
           P2P_OPTION("remove_after", "duration", "30s", "1s..24h",
                      "mode agreed: how long a member may be down before it is one no more")
           P2P_OPTION("restore_after", "duration", "30s", "0s..24h",
                      "mode agreed: how long a copy on a member that is down is waited for before another is made")
           P2P_OPTION("connect_attempts", "int", "3", "1..10",
                      "mode classic: failed connects within a second after which a member is removed")
           P2P_OPTION("compare_interval", "duration", "1s", "50ms..1h",
                      "mode classic: how often the members are compared with those of some other node")
           P2P_OPTION("call_timeout", "duration", "1s", "10ms..1m", "how long to wait for another locator's answer")
           P2P_OPTION("layer_timeout", "duration", "5s", "100ms..10m",
                      "how long a service may hold up a change of the ring before it is passed over"))
// clang-format on
