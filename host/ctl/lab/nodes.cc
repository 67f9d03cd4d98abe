#include "ctl/lab/nodes.h"

#include "ctl/cluster_verbs.h"
#include "ctl/session.h"
#include "ctl/status_text.h"

#include <Admin.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

namespace p2p::ctl::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Timeouts kLookTimeouts{.connect = std::chrono::milliseconds(500), .answer = std::chrono::seconds(2)};
constexpr std::size_t kLastLines = 5;

// Below the ports that Linux gives out by itself, so that a node that is down finds its own free again; tests of ours
// take theirs above.
constexpr std::uint16_t kPortFirst = 10'000;
constexpr std::uint16_t kPortLast = 11'999;

bool is_free(std::uint16_t port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const int on = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  place.sin_port = ::htons(port);
  const bool bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0;  // NOLINT
  ::close(probe);
  return bound;
}

Result<node::NodeStatus> status_of(const NodeAddress& address) {
  auto connection = Connection::open(address, kLookTimeouts);
  if (!connection.ok()) return connection.error();
  return ask_status(connection.value());
}

// "" when all is well, as far as this node knows.
std::string ailment_of(const NodeAddress& address, std::size_t members) {
  auto connection = Connection::open(address, kLookTimeouts);
  if (!connection.ok()) return connection.error().text;
  const auto status = ask_status(connection.value());
  if (!status.ok()) return status.error().text;
  if (!is_healthy(status.value())) return "is not healthy: " + status.value().state;
  const auto state = ask_cluster(connection.value());
  if (!state.ok() && is_other_mode(state.error())) {
    const auto known = static_cast<std::size_t>(status.value().members);
    return known == members ? "" : fmt::format("knows {} members of {}", known, members);
  }
  if (!state.ok()) return state.error().text;
  const auto up =
      std::ranges::count(state.value().members, cluster_view::MemberState::up, &cluster_view::Member::state);
  if (static_cast<std::size_t>(up) != members || state.value().members.size() != members)
    return fmt::format("knows {} members, {} of them up; there are {}", state.value().members.size(), up, members);
  if (state.value().under_replicated == 0) return "";
  return fmt::format("says that {} partitions lack copies", state.value().under_replicated);
}

}  // namespace

Nodes::Nodes(NodesOptions options, Links& links)
    : options_(std::move(options)),
      links_(links),
      // Labs that run at once begin at different places.
      next_port_(static_cast<std::uint16_t>(kPortFirst + (::getpid() * 40) % (kPortLast - kPortFirst))) {}

std::string Nodes::folder_of(std::uint32_t number) const { return fmt::format("{}/n{}", options_.folder, number); }

std::string Nodes::last_words_of(std::uint32_t number) const {
  std::ifstream log(folder_of(number) + ".log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    lines.push_back(line);
    if (lines.size() > kLastLines) lines.erase(lines.begin());
  }
  std::string words;
  for (const std::string& line : lines) words += "\n  " + line;
  return words;
}

Result<Done> Nodes::start(std::uint32_t count) {
  for (std::uint32_t number = 1; number <= count; ++number) {
    if (options_.is_interrupted.load()) return Error{ErrorKind::cancelled, "interrupted"};
    if (auto started = apply(Deed::join, number); !started.ok()) return started;
  }
  return Done{};
}

Result<Done> Nodes::launch(std::uint32_t number) {
  Node& node = nodes_.at(number);
  std::vector<std::string> command{options_.program,
                                   "--config",
                                   options_.configuration,
                                   "--listen",
                                   node.address.name(),
                                   "--data-dir",
                                   folder_of(number),
                                   "--node",
                                   fmt::format("n{}", number),
                                   "--set",
                                   "host.port_search=0",
                                   "--set",
                                   "services.locator.config.discover=\"none\""};
  // What the file says of the user's own network, or of one node only, is not for these.
  for (const char* own : {"services.locator.config.join=[]", "services.locator.config.expect=1", "host.advertise=\"\"",
                          "host.http.listen=\"\"", "log.file=\"\""})
    command.insert(command.end(), {"--set", own});
  for (const auto& [other, known] : nodes_) {
    if (other != number && is_asked(known)) command.insert(command.end(), {"--join", known.address.name()});
  }
  command.insert(command.end(), options_.arguments.begin(), options_.arguments.end());
  Program program{.command = std::move(command), .output = folder_of(number) + ".log"};
  if (links_.is_open()) {
    program.prepare_network = [this, number](pid_t child) { return links_.connect(number, child); };
  }
  auto child = Child::start(program);
  if (!child.ok()) return child.error();
  node.child = std::move(child).value();
  node.state = NodeState::runs;
  node.has_ended_unasked = node.is_told = false;
  return is_majority_running() ? await_ready(number) : Result<Done>(Done{});
}

bool Nodes::is_majority_running() const {
  const auto members =
      std::ranges::count_if(nodes_, [](const auto& one) { return one.second.state != NodeState::left; });
  return 2 * std::ranges::count_if(nodes_, [this](const auto& one) { return is_asked(one.second); }) > members;
}

Result<Done> Nodes::await_ready(std::uint32_t number) {
  Node& node = nodes_.at(number);
  const auto give_up = Clock::now() + kStartMax;
  for (; Clock::now() < give_up; std::this_thread::sleep_for(kLookPause)) {
    if (options_.is_interrupted.load()) return Error{ErrorKind::cancelled, "interrupted"};
    if (const auto end = node.child->end())
      return Error{ErrorKind::refused,
                   fmt::format("node {} {} while it started:{}", number, *end, last_words_of(number))};
    const auto status = status_of(node.address);
    // Numbers of processes are the same everywhere: only networks are a node's own.
    if (status.ok() && status.value().pid == node.child->pid() && status.value().state == "ready") return Done{};
  }
  return Error{ErrorKind::timed_out, fmt::format("node {} does not serve after {} s:{}", number,
                                                 kStartMax / std::chrono::seconds(1), last_words_of(number))};
}

Result<Done> Nodes::apply(Deed deed, std::uint32_t number) {
  if (deed == Deed::join) {
    Node node{.address = {Links::address_of(number), 9900}};
    if (!links_.is_open()) {
      for (std::uint16_t tried = 0; !is_free(next_port_); ++tried) {
        if (tried == kPortLast - kPortFirst) return Error{ErrorKind::local, "no port is free"};
        next_port_ = next_port_ >= kPortLast ? kPortFirst : static_cast<std::uint16_t>(next_port_ + 1);
      }
      node.address = {"127.0.0.1", next_port_++};
    }
    nodes_.insert_or_assign(number, std::move(node));
    return launch(number);
  }
  Node& node = nodes_.at(number);
  look_for_end(node);                         // before a kill makes it look like one
  if (node.has_ended_unasked) return Done{};  // which is told, and makes the verdict
  const NodeState before = node.state;
  if (deed == Deed::leave) return leave(number);
  node.state = state_after(deed);
  switch (deed) {
    case Deed::kill:
      node.child->kill();
      return Done{};
    case Deed::stop:
      node.child->signal(SIGSTOP);
      return Done{};
    case Deed::cut:
      return links_.set(number, false);
    case Deed::resume:
      if (before == NodeState::killed) return launch(number);
      if (before == NodeState::cut) return links_.set(number, true);
      node.child->signal(SIGCONT);
      return Done{};
    case Deed::join:
    case Deed::leave:
      break;
  }
  return Done{};
}

Result<Done> Nodes::leave(std::uint32_t number) {
  Node& node = nodes_.at(number);
  auto admin = Connection::open_admin(folder_of(number) + "/admin.sock", kLookTimeouts);
  if (!admin.ok()) return admin.error();
  const auto told = admin.value().ask<node::AdminClient>("admin", [](auto& client) { client.leave(); });
  if (!told.ok()) return told.error();
  node.state = NodeState::left;
  const auto give_up = Clock::now() + kLeaveMax;
  for (; Clock::now() < give_up && !options_.is_interrupted.load(); std::this_thread::sleep_for(kLookPause)) {
    if (const auto end = node.child->end()) {
      if (!node.child->has_failed()) return Done{};
      return Error{ErrorKind::internal, fmt::format("node {} {} when it left:{}", number, *end, last_words_of(number))};
    }
  }
  return Error{ErrorKind::timed_out,
               fmt::format("node {} has not left after {} s", number, kLeaveMax / std::chrono::seconds(1))};
}

std::string Nodes::ailment() {
  const auto members = static_cast<std::size_t>(
      std::ranges::count_if(nodes_, [](const auto& one) { return one.second.state != NodeState::left; }));
  for (const auto& [number, node] : nodes_) {
    if (node.state == NodeState::left) continue;
    if (node.has_ended_unasked) return fmt::format("node {} has ended", number);
    if (node.state != NodeState::runs) return fmt::format("node {} {}", number, to_text(node.state));
    if (const std::string ailment = ailment_of(node.address, members); !ailment.empty())
      return fmt::format("node {} {}", number, ailment);
  }
  return "";
}

void Nodes::look_for_end(Node& node) {
  if (node.state == NodeState::killed || node.state == NodeState::left || !node.child) return;
  if (node.child->end()) node.has_ended_unasked = true;
}

std::vector<std::string> Nodes::unasked_ends() {
  std::vector<std::string> ends;
  for (auto& [number, node] : nodes_) {
    look_for_end(node);
    if (!node.has_ended_unasked || std::exchange(node.is_told, true)) continue;
    ends.push_back(fmt::format("node {} {}, unasked:{}", number, *node.child->end(), last_words_of(number)));
  }
  return ends;
}

std::vector<NodeView> Nodes::look() {
  std::vector<NodeView> views;
  for (const auto& [number, node] : nodes_) {
    NodeView view{.number = number, .state = node.state, .address = node.address.name(), .told = ""};
    if (is_asked(node)) {
      const auto status = status_of(node.address);
      view.told = status.ok() ? fmt::format("{}, {} members", status.value().state, status.value().members)
                              : status.error().text;
      if (status.ok()) view.calls = status.value().calls;
    } else if (node.has_ended_unasked) {
      view.told = "has ended, unasked";
    }
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<NodeAddress> Nodes::addresses() const {
  std::vector<NodeAddress> addresses;
  for (const auto& [number, node] : nodes_)
    if (is_asked(node)) addresses.push_back(node.address);
  return addresses;
}

}  // namespace p2p::ctl::lab
