#include "settings.h"

#include <p2p/entered_address.h>

#include <limits>
#include <utility>
#include <vector>

namespace p2p::ring {
namespace {

Result<std::vector<NodeAddress>> named_candidates(const Config& config) {
  std::vector<NodeAddress> candidates;
  for (const std::string& text : config.list("join")) {
    auto address = entered_address(text);
    if (!address.ok()) return config.wrong("join", "'" + text + "': " + address.error().text);
    if (address.value().port == 0)
      return config.wrong("join", "'" + text + "': a port is needed, as in \"10.0.0.5:9900\"");
    candidates.push_back(std::move(address).value());
  }
  return candidates;
}

// Other nodes of this machine are looked for at the loopback address of this node's address family. "localhost" may be
// either.
std::string loopback_like(const NodeAddress& self) {
  if (self.host == "localhost") return self.host;
  return self.is_v6() ? "::1" : "127.0.0.1";
}

// Without this node's own port: it would answer itself there, under another name.
Result<std::vector<NodeAddress>> local_candidates(const Config& config, const NodeAddress& self) {
  std::vector<NodeAddress> candidates;
  if (config.text("discover") == "none") return candidates;
  const std::int64_t first = config.integer("discover_port_first");
  const std::int64_t end = first + config.integer("discover_port_count");
  if (end > std::numeric_limits<std::uint16_t>::max() + 1) {
    return config.wrong("discover_port_count",
                        "the last port would be " + std::to_string(end - 1) + ", which is above 65535");
  }
  for (std::int64_t port = first; port < end; ++port) {
    if (port != self.port) candidates.push_back({loopback_like(self), static_cast<std::uint16_t>(port)});
  }
  return candidates;
}

Result<discovery::Options> read_discovery(const Config& config, const NodeAddress& self) {
  auto named = named_candidates(config);
  if (!named.ok()) return named.error();
  auto local = local_candidates(config, self);
  if (!local.ok()) return local.error();
  const bool is_named = !named.value().empty();
  discovery::Options options;
  options.source = is_named ? discovery::Source::operators : discovery::Source::localhost;
  options.self = self;
  options.candidates = is_named ? std::move(named).value() : std::move(local).value();
  options.answer_timeout = config.duration("discover_timeout");
  options.retry = config.duration("join_retry");
  return options;
}

}  // namespace

Result<Settings> read_settings(const Config& config, const NodeAddress& self) {
  auto discovery = read_discovery(config, self);
  if (!discovery.ok()) return discovery.error();
  Settings settings;
  settings.discovery = std::move(discovery).value();
  settings.call_timeout = config.duration("call_timeout");
  settings.layer_timeout = config.duration("layer_timeout");
  return settings;
}

}  // namespace p2p::ring
