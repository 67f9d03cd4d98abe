// Who is on the ring, as one simulated node sees it? A small model of the locator: tables of rows that merge in any
// order, news that are told to all and compared now and then, and views that are published one change at a time.
#pragma once

#include "store_network.h"
#include "store_ring.h"

#include <p2p/locator.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::sim {

class StoreLocator final : public ILocator {
 public:
  enum class State : std::uint8_t { alive, leaving, removed };  // of one life, the later one wins
  struct Row {
    std::int64_t life = 0;
    State state = State::alive;
    friend auto operator<=>(const Row&, const Row&) = default;
  };
  using Table = std::map<NodeAddress, Row>;
  using LocatorOf = std::function<StoreLocator*(StoreListener&)>;  // null: it has none
  using Contact = std::function<NodeAddress()>;                    // a node that is a member; empty: there is none

  StoreLocator(StoreNetwork& network, std::shared_ptr<StoreProcess> process, std::int64_t life, LocatorOf locator_of);

  // Joins the network of a contact, or is one alone. [before anything else]
  void begin(Contact contact);
  // Leaves the ring, tells all, runs the layers, tells all that it is gone; then runs `then`.
  void leave(std::function<void()> then);
  // A node has ended without a word, in that life.
  void lost(const NodeAddress& node, std::int64_t life);
  // News that do not come from a node of ours.
  void heard(const NodeAddress& node, Row row) { learn({{node, row}}, true); }

  bool is_member() const { return has_joined_ && !is_leaving_; }
  bool runs_layers() const { return runs_layers_; }  // as it leaves
  bool is_idle() const { return waiting_.empty() && !is_changing_; }
  const Table& table() const { return table_; }
  bool shows(const NodeAddress& node) const {
    return std::find(members_.begin(), members_.end(), node) != members_.end();
  }
  std::int64_t life() const { return life_; }

  // ILocator
  const RingView& view() const override { return *view_; }
  std::shared_ptr<const RingView> shared_view() const override { return view_; }
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress> members) const override;
  void when_joined(std::function<void()> then) override;
  Subscription push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) override;
  Subscription subscribe(std::string name, std::function<void(const RingChange&)> listener) override;
  void join(const NodeAddress& joiner) override;
  void add(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) override;
  void remove(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) override;
  void log_view() const override {}
  void report_unreachable(const NodeAddress& member) override;
  std::string placement() const override { return "sim"; }
  std::string encode_table() const override;
  void merge_table(const NodeAddress& from, std::string_view table) override;

  // How the classic calls join, add and remove end; may be null.
  std::function<void(const NodeAddress& node, bool is_there)> on_classic_news;
  // Tells a node of the 2009 system what it lacks; false, and nothing is done, if it is none. Must be set.
  std::function<bool(const NodeAddress& to, const std::function<void()>& told)> tell_2009;

 private:
  static Table decode(std::string_view bytes);

  void later(Duration delay, std::function<void()> work);
  void ask(const Contact& contact);
  void joined();
  void learn(const Table& theirs, bool tells_on);
  void change_next();
  void publish(const NodeAddress& node, const Row& row);
  void tell_all(std::function<void()> told = nullptr);
  void tell(const NodeAddress& node, std::function<void()> told);
  void compare();
  void cleaned_up(const std::function<void()>& then);
  bool is_there(const NodeAddress& node) const;

  StoreNetwork& network_;
  const std::shared_ptr<StoreProcess> process_;
  const std::int64_t life_;
  const LocatorOf locator_of_;
  const std::shared_ptr<StoreStrand> strand_;
  Table table_;
  std::vector<NodeAddress> members_;  // as published
  std::vector<NodeAddress> leaving_;
  std::shared_ptr<const RingView> view_;
  std::deque<std::pair<NodeAddress, Row>> waiting_;  // to be published
  bool is_changing_ = false;
  bool has_joined_ = false;
  bool is_leaving_ = false;
  bool runs_layers_ = false;
  std::vector<std::function<void()>> when_joined_;
  std::function<void(const RingChange&)> listener_;
  std::shared_ptr<RingLayer> layer_;
  std::unique_ptr<Timer> comparison_;
};

}  // namespace p2p::sim
