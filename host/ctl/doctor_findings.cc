#include "ctl/doctor_findings.h"

#include "ctl/agreement_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

namespace p2p::ctl {

namespace view = cluster_view;

namespace {

// A machine that is set by NTP is off by some tens of milliseconds at most; times to live are counted by these clocks.
constexpr std::int64_t kClockOffMaxMs = 500;
// Free space of the data folder's disk below which somebody should look: a tenth, where that is less than 10 GB.
constexpr std::int64_t kDiskShare = 10;
constexpr std::int64_t kDiskFreeEnough = 10'000'000'000;
constexpr std::int32_t kOthersMayWrite = 0022;
constexpr const char* kStore = "diststore";

class Findings final {
 public:
  void error(std::string kind, const std::string& node, std::string what, std::string fix) {
    all_.push_back({Severity::error, std::move(kind), node, std::move(what), std::move(fix)});
  }
  void warn(std::string kind, const std::string& node, std::string what, std::string fix) {
    all_.push_back({Severity::warning, std::move(kind), node, std::move(what), std::move(fix)});
  }
  std::vector<Finding> take() {
    std::ranges::stable_sort(all_, [](const Finding& one, const Finding& other) {
      return one.severity == Severity::error && other.severity == Severity::warning;
    });
    return std::move(all_);
  }

 private:
  std::vector<Finding> all_;
};

// --- the cluster as a whole ------------------------------------------------------------------------------------------

void add_survey(const Survey& survey, Findings& found) {
  for (const std::string& down : survey.down)
    found.error("member_down", down, "the members have given it up: it does not answer them",
                "start its p2phost again, or `p2pctl remove " + down + "` when it is gone for good");
  for (const auto& [address, why] : survey.silent)
    found.error("unreachable", address, "no answer at the address that it advertises: " + why,
                "look whether its p2phost runs; [host] advertise has to be an address that all reach");
  for (const Survey::Link& link : survey.broken_links)
    if (std::ranges::find(survey.down, link.to) == survey.down.end())
      found.error("link_broken", link.from, fmt::format("its calls to {} fail: {}", link.to, link.why),
                  fmt::format("let {} reach {} through firewalls and routes", link.from, link.to));
  if (!survey.has_majority())
    found.error("no_majority", "", fmt::format("no majority of voters: {} do not answer", survey.voters_down),
                "start them again, or `p2pctl recover` at a survivor when they are gone for good");
  for (const auto& [address, epochs] : survey.behind)
    found.error("behind", address, fmt::format("its map is {} epochs old", epochs),
                "look whether it reaches the voters: `p2pctl agreement`");
  for (const auto& [address, why] : survey.waiting)
    found.error("not_ready", address, "it waits: " + why, "do what it waits for; its log says more");
  for (const std::string& address : survey.without_lease)
    found.error("no_lease", address, "it may not act as owner: it has not heard from a majority of voters",
                "let it reach the voters: `p2pctl agreement` names them");
}

bool runs_store(const view::Member& member) {
  return std::ranges::find(member.services, kStore) != member.services.end();
}

void add_copies(const view::State& state, Findings& found) {
  if (state.unserved > 0)
    found.error("unserved", "", fmt::format("{} partitions have no primary that is up", state.unserved),
                "start the members that are down");
  if (state.under_replicated > 0)
    found.error(
        "under_replicated", "",
        fmt::format("{} of {} partitions have fewer copies than they should", state.under_replicated, state.partitions),
        "wait for the copies that are under way (`p2pctl map`); start what is down, or more nodes");
  std::set<std::string> zones;
  std::int32_t holders = 0;
  for (const view::Member& member : state.members) {
    if (!member.is_holder) continue;
    ++holders;
    zones.insert(member.zone);
  }
  if (holders > 0 && holders < state.copies)
    found.warn("few_members", "",
               fmt::format("{} members hold copies, of which each key is to have {}", holders, state.copies),
               "start more nodes, or set copies of [services.locator.config] lower");
  const bool are_zones_used = zones.size() > 1 || !zones.contains("");
  if (holders > 0 && are_zones_used && static_cast<std::int32_t>(zones.size()) < state.copies)
    found.warn(
        "few_zones", "",
        fmt::format("{} zones for {} copies: with one zone more than one copy is lost", zones.size(), state.copies),
        "start nodes in other zones, or give members another zone of [services.locator.config]");
}

void add_members(const view::State& state, Findings& found) {
  const bool is_store_anywhere = std::ranges::any_of(state.members, runs_store);
  std::int32_t newest = 0;
  for (const view::Member& member : state.members) newest = std::max(newest, member.feature_level);
  for (const view::Member& member : state.members) {
    if (member.state != view::MemberState::up) continue;
    if (is_store_anywhere && !runs_store(member))
      found.warn(
          "no_store", member.address, "it runs no store, and holds no copies",
          fmt::format("`p2pctl --node {} enable {}`, or enable it in its configuration", member.address, kStore));
    if (member.__isset.takes_copies && !member.takes_copies)
      found.error("memory_full", member.address, "its memory is full: it is given no further copies",
                  "raise memory_max of [services.diststore.config], or start more nodes");
    if (member.feature_level < newest)
      found.warn("old_level", member.address,
                 fmt::format("its program knows feature level {}, others {}: all keep to {}", member.feature_level,
                             newest, state.feature_level),
                 "upgrade its p2phost and its plugins, and start it again");
  }
}

// --- one node --------------------------------------------------------------------------------------------------------

void add_machine(const std::string& address, const node::NodeStatus& status, Findings& found) {
  const node::Machine& machine = status.machine;
  if (machine.connections_max >= machine.descriptors_max)
    found.warn("few_descriptors", address,
               fmt::format("it may open {} files and connections, fewer than its {} clients need",
                           machine.descriptors_max, machine.connections_max),
               "raise ulimit -n (LimitNOFILE), or set connections_max of [host] lower");
  if (machine.disk_bytes > 0 && machine.disk_free < std::min(machine.disk_bytes / kDiskShare, kDiskFreeEnough))
    found.error("disk_low", address,
                fmt::format("{} MB of {} MB are free for {}", machine.disk_free / 1'000'000,
                            machine.disk_bytes / 1'000'000, status.data_dir),
                "free some space there, or set data_dir of [host] to a larger disk");
  if (machine.is_volatile)
    found.warn("volatile_data", address,
               status.data_dir + " is in memory: who the node is, and what it holds, is gone when the machine restarts",
               "set data_dir of [host] to a folder on a disk");
  if (machine.data_dir_mode >= 0 && (machine.data_dir_mode & kOthersMayWrite) != 0)
    found.error("open_data_dir", address,
                fmt::format("others may write to {}: its permissions are {:o}", status.data_dir, machine.data_dir_mode),
                "`chmod 700 " + status.data_dir + "` there");
  if (!machine.set_aside.empty())
    found.warn("set_aside", address,
               fmt::format("files that could not be read were put aside in {}: {}", status.data_dir,
                           fmt::join(machine.set_aside, ", ")),
               "look at them, then delete them");
}

void add_services(const std::string& address, const node::NodeStatus& status, Findings& found) {
  for (const node::ServiceStatus& service : status.services) {
    const std::string enable = fmt::format("`p2pctl --node {} enable {}`", address, service.name);
    if (service.state == "disabled")
      found.warn("service_disabled", address, service.name + " is disabled: " + service.problem, enable);
    else if (service.state == "failed")
      found.error("service_failed", address, service.name + " does not run: " + service.problem,
                  enable + " after its cause is gone; the node's log says more");
    else if (!service.problem.empty())
      found.error("service_unwell", address, service.name + ": " + service.problem,
                  fmt::format("do what it asks for; `p2pctl --node {} services` and its log say more", address));
  }
}

void add_node(const std::string& address, const node::NodeStatus& status, Findings& found) {
  add_services(address, status, found);
  if (status.state == "draining")
    found.warn("draining", address, "it is leaving", "wait until it has, or start it again");
  if (status.own_failures > 0)
    found.warn("machine_trouble", address,
               fmt::format("its machine has failed it {} times, the last time: {}", status.own_failures,
                           status.last_own_failure),
               "put right what it names; the count begins anew when the node starts again");
  if (status.__isset.machine)
    add_machine(address, status, found);
  else
    found.warn("tells_less", address,
               "version " + status.version + " does not tell of its clock, its limits and its data folder",
               "upgrade its p2phost, and start it again");
}

// --- what should be alike --------------------------------------------------------------------------------------------

// Who says what. Those that differ from what most say are named.
using Sayings = std::map<std::string, std::vector<std::string>>;

const std::string& usual_of(const Sayings& said) {
  return std::ranges::max_element(said, {}, [](const auto& one) { return one.second.size(); })->first;
}

void add_differences(const Sayings& said, const std::string& kind, const std::string& subject, const std::string& fix,
                     Findings& found) {
  if (said.size() < 2) return;
  const std::string& usual = usual_of(said);
  for (const auto& [value, addresses] : said)
    for (const std::string& address : addresses)
      if (value != usual) found.warn(kind, address, fmt::format("{} is {}, elsewhere {}", subject, value, usual), fix);
}

void add_unlike(const std::vector<Examined>& members, Findings& found) {
  Sayings versions;
  std::map<std::string, Sayings> plugins;
  std::map<std::string, Sayings> memory;
  for (const Examined& one : members) {
    if (!one.status.ok()) continue;
    versions[one.status.value().version].push_back(one.address);
    for (const node::ServiceStatus& service : one.status.value().services) {
      if (!service.idl.empty())  // it has run, so that all this is known
        plugins[service.name][fmt::format("{} {} ({})", service.plugin, service.version, service.idl)].push_back(
            one.address);
      if (const auto limit = service.gauges.find("memory_max_bytes"); limit != service.gauges.end())
        memory[service.name][std::to_string(limit->second)].push_back(one.address);
    }
  }
  add_differences(versions, "other_version", "its version", "upgrade the older, one node after the other", found);
  for (const auto& [service, said] : plugins)
    add_differences(said, "other_plugin", "the plugin of its " + service,
                    "install the same plugin on all, and `p2pctl reload` or start them again", found);
  for (const auto& [service, said] : memory)
    add_differences(said, "other_memory_max", "memory_max in bytes of its " + service,
                    "set it alike, or give the smaller a smaller weight (`p2pctl weight`)", found);
}

// Offsets from the middle one of all members: the clock of the one who asks may be the wrong one.
void add_clocks(const std::vector<Examined>& members, Findings& found) {
  struct Clock {
    std::string address;
    std::int64_t offset_ms;
    std::int64_t uncertain_ms;
  };
  std::vector<Clock> clocks;
  for (const Examined& one : members) {
    if (!one.status.ok() || !one.status.value().__isset.machine) continue;
    const std::int64_t half = (one.answered_ms - one.asked_ms) / 2;
    clocks.push_back({one.address, one.status.value().machine.now_ms - one.asked_ms - half, half + 1});
  }
  if (clocks.size() < 2) return;
  std::ranges::sort(clocks, {}, &Clock::offset_ms);
  const Clock middle = clocks[(clocks.size() - 1) / 2];
  for (const Clock& clock : clocks) {
    const std::int64_t off = clock.offset_ms - middle.offset_ms;
    const std::int64_t uncertain = clock.uncertain_ms + middle.uncertain_ms;
    if (std::abs(off) <= kClockOffMaxMs + uncertain) continue;
    found.warn("clock_off", clock.address,
               fmt::format("its clock is {} ms {} that of {}, give or take {} ms", std::abs(off),
                           off > 0 ? "ahead of" : "behind", middle.address, uncertain),
               "set the clocks of both machines, for instance by NTP");
  }
}

const char* word_of(Severity severity) { return severity == Severity::error ? "error" : "warning"; }

}  // namespace

std::vector<Finding> findings_of(const std::vector<Examined>& members) {
  std::vector<Told> told;
  for (const Examined& one : members) told.push_back({one.address, one.state});
  const Survey survey = survey_of(told);
  Findings found;
  const auto newest = std::ranges::find_if(
      told, [&](const Told& one) { return one.state.ok() && one.state.value().epoch == survey.epoch; });
  if (newest == told.end()) return found.take();
  add_survey(survey, found);
  add_copies(newest->state.value(), found);
  add_members(newest->state.value(), found);
  for (const Examined& one : members)
    if (one.status.ok()) add_node(one.address, one.status.value(), found);
  add_unlike(members, found);
  add_clocks(members, found);
  return found.take();
}

std::string doctor_text(const std::vector<Finding>& findings, std::size_t members) {
  if (findings.empty()) return fmt::format("all is well with the {} members that were asked\n", members);
  std::string text;
  for (const Finding& one : findings)
    text += fmt::format("{:<7}  {}: {} [{}]\n         fix: {}\n", word_of(one.severity),
                        one.node.empty() ? "the cluster" : one.node, one.what, one.kind, one.fix);
  return text;
}

nlohmann::json doctor_json(const std::vector<Finding>& findings, std::size_t members) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& one : findings)
    list.push_back({{"severity", word_of(one.severity)},
                    {"kind", one.kind},
                    {"node", one.node.empty() ? nlohmann::json() : nlohmann::json(one.node)},
                    {"what", one.what},
                    {"fix", one.fix}});
  return {{"healthy", findings.empty()}, {"members_asked", members}, {"findings", std::move(list)}};
}

}  // namespace p2p::ctl
