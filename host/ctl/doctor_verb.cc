// doctor: asks every member what it knows and how it is, and says what is wrong and what puts it right.
#include "ctl/cluster_verbs.h"
#include "ctl/doctor_findings.h"
#include "ctl/verbs.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace p2p::ctl {
namespace {

namespace view = cluster_view;

// Members that are examined at once, and how long each has for an answer.
constexpr std::size_t kExaminedAtOnce = 64;
constexpr Duration kExaminedPatience = std::chrono::seconds(2);
// A change that is on its way is no fault: what is found counts when it is found again.
constexpr int kLooks = 3;

Examined examine(const std::string& address, const Timeouts& timeouts) {
  const auto nowhere = [&](const Error& why) { return Examined{.address = address, .state = why, .status = why}; };
  const auto parsed = parse_node_address(address);
  if (!parsed.ok()) return nowhere(parsed.error());
  auto node = Connection::open(parsed.value(), timeouts);
  if (!node.ok()) return nowhere(node.error());
  auto state = ask_cluster(node.value());
  if (!state.ok() && !is_other_mode(state.error())) return nowhere(state.error());
  const std::int64_t asked = now_ms();
  auto status = ask_status(node.value());
  return {address, std::move(state), std::move(status), asked, now_ms()};
}

std::vector<Examined> examine_all(const std::vector<std::string>& addresses, const Timeouts& timeouts) {
  std::vector<Examined> examined;
  for (std::size_t first = 0; first < addresses.size(); first += kExaminedAtOnce) {
    std::vector<std::future<Examined>> asked;
    const std::size_t last = std::min(addresses.size(), first + kExaminedAtOnce);
    for (std::size_t at = first; at < last; ++at)
      asked.push_back(std::async(std::launch::async, examine, addresses[at], timeouts));
    for (auto& one : asked) examined.push_back(one.get());
  }
  return examined;
}

ExitCode doctor(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  Timeouts timeouts = session.timeouts;
  timeouts.answer = std::min(timeouts.answer, kExaminedPatience);
  std::vector<Finding> findings;
  std::size_t members = 0;
  for (int look = 0; look < kLooks; ++look) {
    const auto state = ask_cluster(node.value());
    if (!state.ok()) return report(explained(state.error()));
    std::vector<std::string> addresses;
    for (const view::Member& member : state.value().members)
      if (member.state != view::MemberState::down) addresses.push_back(member.address);
    auto examined = examine_all(addresses, timeouts);
    // Whatever happens to the others' addresses, this node has answered.
    const auto has_told = [](const Examined& one) { return one.state.ok(); };
    if (std::ranges::none_of(examined, has_told))
      examined.push_back({node.value().peer(), state, ask_status(node.value())});
    members = examined.size();
    findings = findings_of(examined);
    if (findings.empty()) break;
  }
  show(session, doctor_json(findings, members), doctor_text(findings, members));
  return findings.empty() ? ExitCode::done : ExitCode::no;
}

}  // namespace

void add_doctor_verb(CLI::App& app, Session& session) {
  add_verb(app, session, "doctor", "what is wrong with the members of an agreed cluster, and what puts it right",
           doctor);
}

}  // namespace p2p::ctl
