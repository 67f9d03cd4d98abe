// map, agreement, plan, watch: what an agreed cluster is, and what it would become.
#include "ctl/cluster_verbs.h"

#include "ctl/agreement_text.h"
#include "ctl/cluster_text.h"
#include "ctl/verbs.h"
#include "documents/event_json.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <string_view>
#include <thread>

namespace p2p::ctl {

namespace view = cluster_view;

namespace {

using ViewClient = view::ClusterViewClient;

// Members that are asked at once, and how long each has: what does not answer within a lease is as good as down.
constexpr std::size_t kAskedAtOnce = 64;
constexpr Duration kMemberPatience = std::chrono::seconds(2);
// `watch` asks again so often when nothing happens; less than a node's default call_timeout.
constexpr std::chrono::milliseconds kWatchWait = std::chrono::seconds(4);

// --- agreement -------------------------------------------------------------------------------------------------------

Result<view::State> ask_member(const std::string& address, const Timeouts& timeouts) {
  const auto parsed = parse_node_address(address);
  if (!parsed.ok()) return parsed.error();
  auto node = Connection::open(parsed.value(), timeouts);
  if (!node.ok()) return node.error();
  return ask_cluster(node.value());
}

std::vector<Told> ask_members(const std::vector<std::string>& addresses, const Timeouts& timeouts) {
  std::vector<Told> told;
  for (std::size_t first = 0; first < addresses.size(); first += kAskedAtOnce) {
    std::vector<std::future<Result<view::State>>> asked;
    const std::size_t last = std::min(addresses.size(), first + kAskedAtOnce);
    for (std::size_t at = first; at < last; ++at)
      asked.push_back(std::async(std::launch::async, ask_member, addresses[at], timeouts));
    for (std::size_t at = first; at < last; ++at) told.push_back({addresses[at], asked[at - first].get()});
  }
  return told;
}

std::vector<std::string> addresses_of_up(const view::State& state) {
  std::vector<std::string> addresses;
  for (const view::Member& member : state.members)
    if (member.state != view::MemberState::down) addresses.push_back(member.address);
  return addresses;
}

// A change that is on its way while they are asked is none that they lack: who seems behind is asked again.
Survey survey(const std::vector<std::string>& addresses, const Timeouts& timeouts) {
  std::vector<Told> told = ask_members(addresses, timeouts);
  const Survey first = survey_of(told);
  for (const Survey::Behind& behind : first.behind) {
    const auto one = std::ranges::find(told, behind.address, &Told::address);
    if (auto again = ask_member(behind.address, timeouts); again.ok() && again.value().epoch >= first.epoch) {
      again.value().epoch = first.epoch;
      one->state = std::move(again);
    }
  }
  return survey_of(told);
}

ExitCode agreement(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto state = ask_cluster(node.value());
  if (!state.ok()) return report(explained(state.error()));
  Timeouts timeouts = session.timeouts;
  timeouts.answer = std::min(timeouts.answer, kMemberPatience);
  const Survey found = survey(addresses_of_up(state.value()), timeouts);
  show(session, agreement_json(found), agreement_text(found, now_ms()));
  return found.is_healthy() ? ExitCode::done : ExitCode::no;
}

// --- plan ------------------------------------------------------------------------------------------------------------

struct PlanWords {
  std::vector<std::string> words;
  int weight = -1;
  std::string zone;
};

Result<view::Proposal> weight_of(const std::string& text) {
  const auto equals = text.rfind('=');
  const std::string digits = equals == std::string::npos ? "" : text.substr(equals + 1);
  const bool is_number =
      !digits.empty() && digits.size() < 6 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return Error{ErrorKind::invalid, "'" + text + "' is not of the form NODE=WEIGHT"};
  view::Proposal what;
  what.__set_describe(text.substr(0, equals));
  what.__set_weight(std::stoi(digits));
  return what;
}

// A zone may be empty, and have any characters; a node's name has no "=".
Result<view::Proposal> zone_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return Error{ErrorKind::invalid, "'" + text + "' is not of the form NODE=ZONE"};
  view::Proposal what;
  what.__set_describe(text.substr(0, equals));
  what.__set_zone(text.substr(equals + 1));
  return what;
}

Result<view::Proposal> proposal_of(const PlanWords& given) {
  view::Proposal what;
  const auto& words = given.words;
  if (words.size() == 1 && words[0].starts_with('+')) {
    what.__set_join(words[0].substr(1));
    if (given.weight >= 0) what.__set_weight(given.weight);
    if (!given.zone.empty()) what.__set_zone(given.zone);
    return what;
  }
  if (words.size() == 2 && words[0] == "weight") return weight_of(words[1]);
  if (words.size() == 2 && words[0] == "zone") return zone_of(words[1]);
  if (words.size() == 2 && words[0] == "leave") {
    what.__set_leave(words[1]);
    return what;
  }
  return Error{ErrorKind::invalid, "plan takes +HOST:PORT, -NODE, weight NODE=WEIGHT, or zone NODE=ZONE"};
}

ExitCode plan(const Session& session, const PlanWords& given) {
  const auto what = proposal_of(given);
  if (!what.ok()) {
    complain(what.error().text);
    return ExitCode::usage;
  }
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto made = node.value().ask<ViewClient>(kClusterView, [&](auto& client) {
    view::Plan told;
    client.plan(told, what.value());
    return told;
  });
  if (!made.ok()) return report(explained(made.error()));
  show(session, plan_json(made.value()), plan_text(made.value()));
  return ExitCode::done;
}

// --- watch -----------------------------------------------------------------------------------------------------------

struct WatchOptions {
  std::int64_t after = -1;  // -1: what happens from now on
  std::int64_t count = 0;   // 0: until it is ended
};

// Events are shown as they come: false when nobody takes them any more.
bool show_event(const Session& session, const view::Event& event) {
  if (session.json)
    print(documents::event_json(event));
  else
    fmt::print("{}\n", event_text(event));
  return std::fflush(stdout) == 0;
}

Result<view::Events> await_events(Connection& node, const view::Events& seen, const Timeouts& timeouts) {
  const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(timeouts.answer / 2);
  const auto wait = static_cast<std::int32_t>(std::min(kWatchWait, half).count());
  return node.ask<ViewClient>(kClusterView, [&](auto& client) {
    view::Events told;
    client.watch(told, seen.cluster, seen.epoch, wait);
    return told;
  });
}

ExitCode watch(const Session& session, const WatchOptions& options) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto state = ask_cluster(node.value());
  if (!state.ok()) return report(explained(state.error()));
  view::Events seen;
  seen.cluster = state.value().cluster;
  seen.epoch = options.after < 0 ? state.value().epoch : options.after;
  for (std::int64_t shown = 0;;) {
    const auto found = await_events(node.value(), seen, session.timeouts);
    if (!found.ok()) return report(found.error());
    if (found.value().cluster != seen.cluster)
      complain("the node is part of another cluster now: " + found.value().cluster);
    if (found.value().missed)
      complain(fmt::format("the node does not know all that happened since epoch {}", seen.epoch));
    for (const view::Event& event : found.value().events) {
      if (!show_event(session, event)) return ExitCode::output;
      if (++shown == options.count) return ExitCode::done;
    }
    seen = found.value();
  }
}

}  // namespace

// --- shared ----------------------------------------------------------------------------------------------------------

Result<view::State> ask_cluster(Connection& node) { return node.ask(kClusterView, &ViewClient::state); }

bool is_other_mode(const Error& error) {
  return error.kind == ErrorKind::not_found || error.kind == ErrorKind::unsupported;
}

Error explained(const Error& error) {
  if (!is_other_mode(error)) return error;
  return {error.kind, "the node is of no agreed cluster (mode = \"agreed\" of its locator): " + error.text};
}

std::vector<std::string> with_words_of_plan(int argc, const char* const* argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto takes_value = [](const std::string& word) {
    return word == "--node" || word == "--admin" || word == "--timeout";
  };
  auto verb = words.begin();
  while (verb != words.end() && verb->starts_with('-')) verb += takes_value(*verb) && verb + 1 != words.end() ? 2 : 1;
  if (verb == words.end() || *verb != "plan") return words;
  for (auto word = verb + 1; word != words.end(); ++word) {
    if (word->size() < 3 || word->front() != '-' || (*word)[1] == '-') continue;  // -h, --json
    word->erase(0, 1);
    words.insert(word, "leave");
    return words;
  }
  return words;
}

void add_cluster_verbs(CLI::App& app, Session& session) {
  add_verb(app, session, "agreement", "which members have the newest map, who does not, and which voters are missing",
           agreement);
  const auto given = std::make_shared<PlanWords>();
  CLI::App* verb =
      add_verb(app, session, "plan", "what would move if a member joined, left, or got another weight or zone",
               [given](const Session& asked) { return plan(asked, *given); });
  verb->add_option("CHANGE", given->words, "+HOST:PORT, -NODE, weight NODE=WEIGHT, or zone NODE=ZONE")->required();
  verb->add_option("--weight", given->weight, "of the node that joins (default 100)")->check(CLI::Range(0, 10'000));
  verb->add_option("--zone", given->zone, "of the node that joins");

  const auto options = std::make_shared<WatchOptions>();
  verb = add_verb(app, session, "watch", "print what happens in the cluster, until it is ended",
                  [options](const Session& asked) { return watch(asked, *options); });
  verb->add_option("--after", options->after, "begin after this epoch, as far as the node knows")
      ->type_name("EPOCH")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--count", options->count, "end after so many events")->type_name("N")->check(CLI::PositiveNumber);
}

}  // namespace p2p::ctl
