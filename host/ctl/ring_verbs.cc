// members, locate, map, ring: what there is in either mode.
#include "ctl/cluster_text.h"
#include "ctl/cluster_verbs.h"
#include "ctl/ring_shares.h"
#include "ctl/verbs.h"
#include "documents/cluster_json.h"

#include <p2p/handlers.h>

#include <Locator.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace p2p::ctl {
namespace {

constexpr const char* kLocator = "locator";

// Calls in flight at once: their answers fit any socket's buffer, so neither side ever waits for the other to read.
constexpr std::size_t kPipelineDepth = 64;

// Calls the locator of a node of ours, or a node of the 2009 system, whose calls name no service.
template <class Body>
auto ask_locator(Connection& node, Body body) {
  auto answer = node.ask<locator::LocatorClient>(kLocator, body);
  if (answer.ok() || answer.error().kind != ErrorKind::unsupported) return answer;
  return node.ask<locator::LocatorClient>(kNoService, body);
}

Result<std::vector<std::string>> ask_members(Connection& node) {
  return ask_locator(node, [](auto& client) {
    std::vector<locator::Location> members;
    client.get_all(members);
    std::vector<std::string> names;
    for (const auto& member : members) names.push_back(from_wire(member).name());
    std::sort(names.begin(), names.end());
    return names;
  });
}

Result<std::vector<std::string>> ask_owners_of_samples(Connection& node) {
  return node.ask<locator::LocatorClient>(kLocator, [](auto& client) {
    std::vector<std::string> owners;
    while (owners.size() < kSamples) {
      const std::size_t first = owners.size();
      const std::size_t last = std::min(kSamples, first + kPipelineDepth);
      for (std::size_t index = first; index < last; ++index) client.send_get_node(sample_key(index));
      for (std::size_t index = first; index < last; ++index) {
        locator::Location owner;
        client.recv_get_node(owner);
        owners.push_back(from_wire(owner).name());
      }
    }
    return owners;
  });
}

ExitCode members(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  if (const auto state = ask_cluster(node.value()); state.ok()) {
    show(session, documents::members_json(state.value()), members_text(state.value(), now_ms()));
    return ExitCode::done;
  } else if (!is_other_mode(state.error())) {
    return report(state.error());
  }
  const auto names = ask_members(node.value());
  if (!names.ok()) return report(names.error());
  show(session, {{"members", names.value()}}, text_of(names.value()));
  return ExitCode::done;
}

ExitCode locate(const Session& session, const std::string& key) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto owner = ask_locator(node.value(), [&](auto& client) {
    locator::Location address;
    client.get_node(address, key);
    return from_wire(address);
  });
  if (!owner.ok()) return report(owner.error());
  if (owner.value().empty()) return report({ErrorKind::not_found, "nobody owns the key: the ring is empty"});
  show(session, {{"key", key}, {"owner", owner.value().name()}}, owner.value().name() + '\n');
  return ExitCode::done;
}

ExitCode show_samples(const Session& session, Connection& node) {
  // Only nodes of ours get this many calls: one of the 2009 system would serve nobody else meanwhile.
  if (const auto status = ask_status(node); !status.ok()) return report(status.error());
  const auto names = ask_members(node);
  if (!names.ok()) return report(names.error());
  const auto owners = ask_owners_of_samples(node);
  if (!owners.ok()) return report(owners.error());
  const auto shares = shares_of(names.value(), owners.value());
  nlohmann::json listed = nlohmann::json::array();
  std::string text;
  for (const Share& share : shares) {
    listed.push_back({{"node", share.member}, {"share", share.share}});
    text += fmt::format("{:<24} {:5.1f} %\n", share.member, 100 * share.share);
  }
  text += fmt::format("(shares of the ring as {} sample keys show them)\n", kSamples);
  show(session, {{"members", listed}, {"samples", kSamples}}, text);
  return ExitCode::done;
}

ExitCode ring(const Session& session) {
  auto node = connect(session);
  return node.ok() ? show_samples(session, node.value()) : report(node.error());
}

// --- map -------------------------------------------------------------------------------------------------------------

// Of an agreed cluster, partition by partition. The maps in between may change.
Result<std::vector<cluster_view::Partition>> ask_partitions(Connection& node, std::int32_t count) {
  std::vector<cluster_view::Partition> all;
  while (all.size() < static_cast<std::size_t>(count)) {
    const auto some = node.ask<cluster_view::ClusterViewClient>(kClusterView, [&](auto& client) {
      cluster_view::Partitions told;
      client.partitions(told, static_cast<std::int32_t>(all.size()), count);
      return told;
    });
    if (!some.ok()) return some.error();
    if (some.value().partitions.empty()) return Error{ErrorKind::protocol, "the node tells less than it has"};
    all.insert(all.end(), some.value().partitions.begin(), some.value().partitions.end());
  }
  return all;
}

ExitCode map(const Session& session, bool with_partitions) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto state = ask_cluster(node.value());
  if (!state.ok() && is_other_mode(state.error())) return show_samples(session, node.value());
  if (!state.ok()) return report(state.error());
  nlohmann::json document = documents::map_json(state.value());
  std::string text = map_text(state.value());
  if (with_partitions) {
    const auto partitions = ask_partitions(node.value(), state.value().partitions);
    if (!partitions.ok()) return report(partitions.error());
    document["partition_list"] = documents::partitions_json(partitions.value());
    text = partitions_text(partitions.value()) + text;
  }
  show(session, document, text);
  return ExitCode::done;
}

}  // namespace

void add_ring_verbs(CLI::App& app, Session& session) {
  add_verb(app, session, "members", "list the nodes of the network, as one of them knows them", members);
  const auto key = std::make_shared<std::string>();
  add_verb(app, session, "locate", "print the node that owns KEY",
           [key](const Session& asked) { return locate(asked, *key); })
      ->add_option("KEY", *key)
      ->required();

  const auto with_partitions = std::make_shared<bool>(false);
  add_verb(app, session, "map", "who holds how much, and what is missing; as `ring` in mode classic",
           [with_partitions](const Session& asked) { return map(asked, *with_partitions); })
      ->add_flag("--partitions", *with_partitions, "list them all, with the members that hold each");
  add_verb(app, session, "ring", "list the nodes with their shares of the keys, estimated from sample keys", ring);
}

}  // namespace p2p::ctl
