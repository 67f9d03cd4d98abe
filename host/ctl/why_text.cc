#include "ctl/why_text.h"

#include "ctl/cluster_text.h"
#include "ctl/table_text.h"
#include "documents/cluster_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace p2p::ctl {

namespace view = cluster_view;

namespace {

bool holds(const Result<std::int64_t>& lease_left_ms) { return lease_left_ms.ok() && lease_left_ms.value() > 0; }

std::string lease_text(const Result<std::int64_t>& left_ms) {
  if (!left_ms.ok()) return "not known: " + left_ms.error().text;
  return holds(left_ms) ? fmt::format("holds for {} ms", left_ms.value()) : "does not hold";
}

std::string state_of(const view::State& cluster, const std::string& address) {
  const auto found = std::ranges::find(cluster.members, address, &view::Member::address);
  return found == cluster.members.end() ? "unknown" : documents::member_state_text(found->state);
}

std::string epoch_text(bool is_told, std::int64_t epoch) { return is_told ? std::to_string(epoch) : "not known"; }

std::string read_text(const WhyThere& found) {
  if (!found.read.ok()) return "the key cannot be read: " + found.read.error().text;
  const auto& there = found.read.value();
  if (!there) return "there is no such key";
  return fmt::format("the key has version {}, a value of {} bytes", version_text(there->stamp, there->node),
                     there->value_bytes);
}

nlohmann::json copy_json(const WhyThere& found, const std::string& address, const char* role) {
  return {{"node", address}, {"state", state_of(found.cluster, address)}, {"role", role}};
}

nlohmann::json copies_json(const WhyThere& found) {
  nlohmann::json told = nlohmann::json::array();
  for (const std::string& copy : found.partition.in_sync)
    told.push_back(copy_json(found, copy, copy == found.partition.primary ? "primary" : "in_sync"));
  for (const std::string& learner : found.partition.learners) told.push_back(copy_json(found, learner, "learner"));
  return told;
}

nlohmann::json lease_json(const Result<std::int64_t>& left_ms) {
  if (!left_ms.ok()) return {{"holds", nullptr}, {"left_ms", nullptr}, {"error", left_ms.error().text}};
  return {{"holds", holds(left_ms)}, {"left_ms", left_ms.value()}, {"error", nullptr}};
}

void add_read(const WhyThere& found, nlohmann::json& told) {
  told.update({{"found", nullptr}, {"version", nullptr}, {"value_bytes", nullptr}, {"read_error", nullptr}});
  if (!found.read.ok()) {
    told["read_error"] = found.read.error().text;
    return;
  }
  const auto& there = found.read.value();
  told["found"] = there.has_value();
  if (!there) return;
  told["version"] = {{"stamp", there->stamp}, {"node", there->node}};
  told["value_bytes"] = there->value_bytes;
}

}  // namespace

std::string version_text(std::int64_t stamp, std::int64_t node) {
  return fmt::format("{}.{}", static_cast<std::uint64_t>(stamp), static_cast<std::uint64_t>(node));
}

bool WhyThere::is_well() const { return holds(lease_left_ms) && read.ok() && read.value().has_value(); }

std::string why_text(const WhyThere& found) {
  const view::Partition& is = found.partition;
  std::string text =
      fmt::format("partition {} of {}, term {}; its copies last changed at epoch {}, the map is at epoch {}\n",
                  is.number, found.cluster.partitions, epoch_text(is.__isset.term, is.term),
                  epoch_text(is.__isset.changed, is.changed), found.cluster.epoch);
  std::vector<std::vector<std::string>> rows{{"COPY", "STATE", "ROLE", "LEASE"}};
  for (const std::string& copy : is.in_sync) {
    const bool is_primary = copy == is.primary;
    rows.push_back({copy, state_of(found.cluster, copy), is_primary ? "primary" : "in sync",
                    is_primary ? lease_text(found.lease_left_ms) : "-"});
  }
  for (const std::string& learner : is.learners)
    rows.push_back({learner, state_of(found.cluster, learner), "learner", "-"});
  for (const std::string& line : table_lines(rows)) text += line + '\n';
  return text + read_text(found) + '\n';
}

nlohmann::json why_json(const WhyThere& found) {
  const view::Partition& is = found.partition;
  nlohmann::json told = {{"key", found.key},
                         {"partition", is.number},
                         {"partitions", found.cluster.partitions},
                         {"term", is.__isset.term ? nlohmann::json(is.term) : nlohmann::json()},
                         {"changed", is.__isset.changed ? nlohmann::json(is.changed) : nlohmann::json()},
                         {"cluster", found.cluster.cluster},
                         {"epoch", found.cluster.epoch},
                         {"primary", is.primary},
                         {"copies", copies_json(found)},
                         {"lease", lease_json(found.lease_left_ms)}};
  add_read(found, told);
  return told;
}

}  // namespace p2p::ctl
