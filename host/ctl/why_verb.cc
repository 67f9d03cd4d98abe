// why: where a key of an agreed cluster is, which copies it has, and whether it can be read.
#include "ctl/cluster_verbs.h"
#include "ctl/store_client.h"
#include "ctl/verbs.h"
#include "ctl/why_text.h"

#include <p2p/client.h>

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace p2p::ctl {
namespace {

namespace view = cluster_view;

Result<view::Partition> ask_partition(Connection& node, const std::string& key) {
  auto told = node.ask<view::ClusterViewClient>(kClusterView, [&](auto& client) {
    view::Partitions one;
    client.where(one, key);
    return one;
  });
  if (!told.ok()) return told.error();
  if (told.value().partitions.size() != 1)
    return Error{ErrorKind::protocol, "the node does not say which partition the key is in"};
  return std::move(told.value().partitions.front());
}

// Only the primary knows.
Result<std::int64_t> ask_lease(const std::string& primary, const Timeouts& timeouts) {
  const auto address = parse_node_address(primary);
  if (!address.ok()) return address.error();
  auto node = Connection::open(address.value(), timeouts);
  if (!node.ok()) return node.error();
  const auto state = ask_cluster(node.value());
  if (!state.ok()) return state.error();
  return state.value().lease_left_ms;
}

Result<std::optional<StoredVersion>> read_version(const Session& session, const std::string& key) {
  const auto store = store_of(session);
  if (!store.ok()) return store.error();
  const auto read = store.value()->read(key);
  if (!read.ok()) return Error{read.failure().kind, read.failure().text};
  if (!read.value().found) return std::optional<StoredVersion>();
  const client::Version& version = read.value().version;
  return std::optional(StoredVersion{version.stamp, version.node, read.value().value.size()});
}

ExitCode why(const Session& session, const std::string& key) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  auto state = ask_cluster(node.value());
  if (!state.ok()) return report(explained(state.error()));
  auto partition = ask_partition(node.value(), key);
  if (!partition.ok()) return report(partition.error());
  auto lease = ask_lease(partition.value().primary, session.timeouts);
  const WhyThere found{.key = key,
                       .cluster = std::move(state).value(),
                       .partition = std::move(partition).value(),
                       .lease_left_ms = std::move(lease),
                       .read = read_version(session, key)};
  show(session, why_json(found), why_text(found));
  return found.is_well() ? ExitCode::done : ExitCode::no;
}

}  // namespace

void add_why_verb(CLI::App& app, Session& session) {
  const auto key = std::make_shared<std::string>();
  add_verb(app, session, "why", "where KEY is in an agreed cluster, on which copies, and whether it can be read",
           [key](const Session& asked) { return why(asked, *key); })
      ->add_option("KEY", *key)
      ->required();
}

}  // namespace p2p::ctl
