// The locator's shell runs with a membership that is not the 2009 system's: a list that only grows. Real nodes with the
// real store on it, in one process.
#include "locator_plugin.h"

#include <p2p/testing.h>

#include <Store.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ring {
namespace {

using membership::CallId;
using membership::Effects;
using membership::JoinOutcome;

// Whoever is let in is a member for ever; who lets a node in tells all others of it.
class GrowingList final : public membership::Membership {
 public:
  GrowingList(NodeAddress self, Duration call_timeout) : self_(std::move(self)), call_timeout_(call_timeout) {
    members_.push_back(self_);
  }

  void join(const NodeAddress& via, Duration patience, TimePoint, Effects& effects) override {
    joins_[tell(via, self_, patience, effects)] = via;
  }

  void call_ended(CallId id, const Result<std::string>& reply, TimePoint, Effects& effects) override {
    const auto found = joins_.extract(id);
    if (!found) return;
    const NodeAddress& via = found.mapped();
    if (!reply.ok()) {
      return effects.joins.push_back({.via = via, .outcome = JoinOutcome::absent, .why = reply.error().text});
    }
    const auto all = decode_reply<locator::Locator_get_all_result>(reply.value());
    for (const auto& member : all.value().success) add(from_wire(member), effects);
    effects.joins.push_back({.via = via, .outcome = JoinOutcome::joined});
  }

  std::vector<NodeAddress> let_in(const NodeAddress& joiner, Effects& effects) {
    if (add(joiner, effects)) {
      for (const NodeAddress& member : members_) {
        if (member != self_ && member != joiner) tell(member, joiner, call_timeout_, effects);
      }
    }
    return members_;
  }

  void run_services(std::vector<std::string>, TimePoint, Effects& effects) override { effects.services_known = true; }
  Result<Done> merge_table(std::string_view table, TimePoint, Effects& effects) override {
    for (std::size_t begin = 0; begin < table.size();) {
      const std::size_t end = std::min(table.find('\n', begin), table.size());
      const auto member = parse_node_address(table.substr(begin, end - begin));
      if (!member.ok()) return member.error();
      add(member.value(), effects);
      begin = end + 1;
    }
    return Done{};
  }
  std::string encode_table() const override {
    std::string table;
    for (const NodeAddress& member : members_) table += member.name() + '\n';
    return table;
  }

  void report(const membership::Evidence&, TimePoint, Effects&) override {}
  void withdraw(TimePoint, Effects& effects) override { effects.farewell_done = true; }
  void leave(TimePoint, Effects& effects) override { effects.farewell_done = true; }
  void tick(TimePoint, Effects&) override {}
  void halt() override {}
  bool remembers_network() const override { return false; }
  void enter(const std::optional<NodeAddress>& via, TimePoint, Effects& effects) override {
    using How = membership::Entry::How;
    effects.entered = membership::Entry{.how = via ? How::joined : How::founded, .via = via};
  }
  TimePoint next_wakeup() const override { return TimePoint::max(); }
  void waits_for(std::vector<NodeAddress>) override {}
  void note_joined() override {}
  std::vector<NodeAddress> members() const override { return members_; }

 private:
  CallId tell(const NodeAddress& to, const NodeAddress& joiner, Duration deadline, Effects& effects) {
    locator::Locator_add_args args;
    args.location = to_wire(joiner);
    effects.calls.push_back({++last_call_, to, encode_call("let_in", args), deadline});
    return last_call_;
  }

  bool add(const NodeAddress& member, Effects& effects) {
    if (std::find(members_.begin(), members_.end(), member) != members_.end()) return false;
    members_.push_back(member);
    std::sort(members_.begin(), members_.end());
    effects.changes.push_back({membership::ChangeKind::joined, member, member.name() + " is on the list"});
    effects.table_changed = true;
    return true;
  }

  const NodeAddress self_;
  const Duration call_timeout_;
  std::vector<NodeAddress> members_;
  std::map<CallId, NodeAddress> joins_;
  CallId last_call_ = 0;
};

Result<Implementation> make_growing_list(Context& context) {
  const auto list = std::make_shared<GrowingList>(context.node().self, context.config().duration("call_timeout"));
  Implementation made;
  made.membership = list;
  made.carry = [&peers = context.peers(), service = peer_service(context)](membership::OutgoingCall call, auto ended) {
    peers.call(call.to, service, std::move(call.message), call.deadline, std::move(ended));
  };
  made.peer_idl = "locator.Locator";
  made.add_peer_methods = [list](Methods& methods, const auto& node) {
    methods.on<locator::Locator_add_args, locator::Locator_get_all_presult>(
        "let_in", [list, node](auto& args, auto answer) {
          const auto kept = std::make_shared<Answer<locator::Locator_get_all_presult>>(std::move(answer));
          node->post_event([list, kept, joiner = from_wire(args.location)](TimePoint, Effects& effects) {
            std::vector<locator::Location> all;
            for (const NodeAddress& member : list->let_in(joiner, effects)) all.push_back(to_wire(member));
            (*kept)(all);
          });
        });
  };
  return made;
}

class ListedLocator final : public LocatorPlugin {
 public:
  ListedLocator() : LocatorPlugin(make_growing_list) {}
};

using testing::TestCluster;

TEST(SecondImplementation, RealNodesFindEachOtherAndTheStoreRunsOnTheirRing) {
  TestCluster cluster(3, {.toml = "[services.locator]\n[services.diststore]\n"});
  EXPECT_TRUE(cluster.node(0).has_logged(cluster.node(2).address().name() + " is on the list"));
  for (int number = 0; number < 30; ++number) {
    const std::string key = "key-" + std::to_string(number);
    cluster.node(0).client<diststore::StoreClient>("diststore")->put(key, "value of " + key);
  }
  for (int number = 0; number < 30; ++number) {
    const std::string key = "key-" + std::to_string(number);
    std::string value;
    // A classic put is not acknowledged: a get on another connection may overtake it.
    while (value.empty()) cluster.node(2).client<diststore::StoreClient>("diststore")->get(value, key);
    EXPECT_EQ(value, "value of " + key);
  }
}

TEST(SecondImplementation, AnnouncementsThatItKnowsNothingOfAreIgnored) {
  TestCluster cluster(2, {.toml = "[services.locator]\n"});
  const auto client = cluster.node(0).client<locator::LocatorClient>("locator");
  client->remove(to_wire(cluster.node(1).address()), {});
  client->add(to_wire({"10.0.0.7", 9900}), {});
  std::vector<locator::Location> members;
  client->get_all(members);  // behind them on the same connection
  EXPECT_EQ(members.size(), 2u);
}

}  // namespace
}  // namespace p2p::ring

// One option a line reads better than what the formatter makes of adjacent strings.
// clang-format off
P2P_PLUGIN(p2p::ring::ListedLocator,
           P2P_NAME("locator")
           P2P_VERSION(P2P_SDK_VERSION)
           P2P_SUMMARY("a locator whose members are a list that only grows")
           P2P_PROVIDES("p2p.locator.ILocator/3")
           P2P_SERVES("locator.Locator")
           P2P_OPTION("placement", "choice", "classic", "classic", "which member owns a key")
           P2P_OPTION("discover", "choice", "localhost", "localhost|none", "where to look for a network")
           P2P_OPTION("discover_port_first", "int", "9900", "1..65535", "first port of this machine to look at")
           P2P_OPTION("discover_port_count", "int", "10", "0..1000", "how many ports of this machine to look at")
           P2P_OPTION("discover_timeout", "duration", "2s", "10ms..1m", "how long a silent port holds up")
           P2P_OPTION("join", "list", "", "", "members to join, as host:port")
           P2P_OPTION("join_retry", "duration", "500ms", "10ms..1m", "longest pause before one of join is asked again")
           P2P_OPTION("call_timeout", "duration", "1s", "10ms..1m", "how long to wait for another locator's answer")
           P2P_OPTION("layer_timeout", "duration", "5s", "100ms..10m", "how long a service may hold up a change"))
// clang-format on
