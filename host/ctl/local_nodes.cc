#include "ctl/local_nodes.h"

#include "ctl/session.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace p2p::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// By number, and not as "localhost": that name may lead to one of them, and a node may listen on the other.
constexpr const char* kOwnAddresses[] = {"127.0.0.1", "::1"};

// On this machine a connect takes microseconds, and a status call a few milliseconds.
constexpr Timeouts kDiscoveryTimeouts{.connect = std::chrono::milliseconds(200),
                                      .answer = std::chrono::milliseconds(500)};

enum class Kind : std::uint8_t { unknown, ours, classic, none };

struct Candidate {
  NodeAddress address;
  std::optional<Connection> asked;  // until it has answered
  Kind kind = Kind::unknown;
};

// Those that accept a connection, in the order in which they are preferred.
std::vector<Candidate> ask_all() {
  std::vector<Candidate> candidates;
  for (std::uint16_t port = kDiscoveryPortFirst; port <= kDiscoveryPortLast; ++port) {
    for (const char* host : kOwnAddresses) {
      const NodeAddress address{host, port};
      auto opened = Connection::open(address, kDiscoveryTimeouts);
      if (!opened.ok()) continue;
      const auto sent = opened.value().ask<node::NodeClient>("node", [](auto& client) { client.send_status(); });
      if (sent.ok()) candidates.push_back({address, std::move(opened).value()});
    }
  }
  return candidates;
}

// Also ends the connection: a node of the 2009 system serves nobody else as long as it is open.
void take_answer(Candidate& candidate) {
  const auto status = candidate.asked->ask("node", &node::NodeClient::recv_status);
  candidate.asked.reset();
  if (status.ok()) {
    candidate.kind = Kind::ours;
  } else {
    candidate.kind = status.error().kind == ErrorKind::unsupported ? Kind::classic : Kind::none;
  }
}

// Is it known which one comes first?
bool is_decided(const std::vector<Candidate>& candidates) {
  const auto first = std::find_if(candidates.begin(), candidates.end(), [](const Candidate& candidate) {
    return candidate.kind == Kind::ours || candidate.kind == Kind::unknown;
  });
  return first == candidates.end() || first->kind == Kind::ours;
}

// False when no node has answered by `end`.
bool take_answers(std::vector<Candidate>& candidates, Clock::time_point end) {
  std::vector<pollfd> polled;
  std::vector<Candidate*> waiting;
  for (Candidate& candidate : candidates) {
    if (!candidate.asked) continue;
    polled.push_back({candidate.asked->handle(), POLLIN, 0});
    waiting.push_back(&candidate);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  if (left <= 0 || ::poll(polled.data(), polled.size(), static_cast<int>(left)) <= 0) return false;
  for (std::size_t at = 0; at < polled.size(); ++at) {
    if (polled[at].revents != 0) take_answer(*waiting[at]);
  }
  return true;
}

}  // namespace

Result<NodeAddress> find_here() {
  auto candidates = ask_all();
  const auto end = Clock::now() + kDiscoveryTimeouts.answer;
  while (!is_decided(candidates) && take_answers(candidates, end)) {
  }
  for (const Kind wanted : {Kind::ours, Kind::classic}) {
    const auto found = std::find_if(candidates.begin(), candidates.end(),
                                    [&](const Candidate& candidate) { return candidate.kind == wanted; });
    if (found != candidates.end()) return found->address;
  }
  return Error{ErrorKind::refused,
               fmt::format("no node answers on 127.0.0.1 and [::1], ports {} to {}; start one with `p2phost --config "
                           "etc/store.toml`, or name one with --node HOST:PORT",
                           kDiscoveryPortFirst, kDiscoveryPortLast)};
}

}  // namespace p2p::ctl
