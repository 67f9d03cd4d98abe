// Which keys may this node work on? Those that it owns, once no other node can hold a job of them any more. Pure: told
// the ring and what the others answer, it says whom to ask. The rules and why they suffice: README.md, "When members
// change".
#pragma once

#include <p2p/locator.h>

#include <map>
#include <optional>
#include <set>

namespace work {

// With more rings than these since the last agreement, no key counts as ours until the next one.
inline constexpr std::size_t kRingsMax = 16;

// What tells one ring from another here: members, placement, and who still hands over. Equal on two nodes, `self` of
// which each is one, when they agree about all three. Never 0.
std::int64_t view_id(const p2p::RingView& view, const p2p::NodeAddress& self);

class TransferRequests final {
 public:
  // `service`: the name by which the ring knows who runs it.
  TransferRequests(p2p::NodeAddress self, std::string service)
      : self_(std::move(self)), service_(std::move(service)), rings_{nullptr} {}

  // A round that was under way counts no more.
  void ring_changed(std::shared_ptr<const p2p::RingView> view);

  // This node is part of its network, and the ring shows it. Before, nothing is settled.
  void joined() { has_joined_ = true; }

  // Somebody holds something of ours although we were done.
  void reopen() { is_done_ = false; }

  bool wants_round() const;

  // Begins a round: each of these is to be asked once, and answered() called for it. None: the round has ended.
  std::vector<p2p::NodeAddress> begin_round();

  struct Answer {
    std::int64_t view_version = 0;  // 0: works by another ring, or has not answered
    bool is_all = false;            // holds nothing of ours, but for `busy`
    std::set<std::string> busy;     // keys of ours with jobs that still run there
  };
  // True when that was the last one, and the round has ended.
  bool answered(const p2p::NodeAddress& from, Answer answer);

  // May this node accept and run jobs of the key?
  bool is_confirmed(const std::string& key) const;

 private:
  void end_round();

  const p2p::NodeAddress self_;
  const std::string service_;
  bool has_joined_ = false;
  bool is_done_ = false;
  // From the ring by which all agreed last, to the newest: a key that is ours by each of them has never left. Null is a
  // ring by which nothing is ours.
  std::vector<std::shared_ptr<const p2p::RingView>> rings_;
  std::set<std::string> busy_;
  std::map<p2p::NodeAddress, std::optional<Answer>> round_;
  std::map<p2p::NodeAddress, std::int64_t> last_view_versions_;  // of the former round
};

}  // namespace work
