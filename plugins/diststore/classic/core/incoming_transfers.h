// From which nodes does this node still await keys that it owns? A joiner awaits them from every other node, a node
// that stays from a member that leaves. Until all of them have said that they hold nothing more, a key missing here may
// be there. Pure: gets the ring and the answers, lists the nodes to ask, and checks each time which nodes are ours.
// Terms: README.md, "When the ring changes"; rules, H1 and so on: docs/decisions/0008.
#pragma once

#include "replication/view_version.h"

#include <p2p/locator.h>
#include <p2p/units.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace p2p::diststore {

// Keys that became ours with the ring of `view_version`: those that are not ours by `before`. A stored entry of such a
// key counts only if it was confirmed since (H7).
struct AcquiredRange {
  ViewVersion view_version = 0;
  std::shared_ptr<const RingView> before;
  bool is_join = false;
  std::vector<NodeAddress> sources;  // nodes that have not said yet that they hold nothing more; sorted
  // Those of them that may have got some of the keys by puts, since a node of the 2009 system hands over by its own
  // ring.
  std::vector<NodeAddress> recipients = {};
};

// A node has joined that does not request its keys from all nodes that hold some: one of the 2009 system, which
// requests none, or one of ours, to which nodes of that system give unasked when they learn of it.
struct Gift {
  NodeAddress to;
  std::vector<NodeAddress> givers;  // nodes that have not shown yet that they hold nothing more; sorted
  std::shared_ptr<const RingView> before = nullptr;  // the ring before it joined, as far as known
};

// Transfer requests are repeated with a back-off that doubles: the first answers to a join come within a few
// milliseconds, a hand-over takes seconds.
inline constexpr Duration kTransferRequestPauseMin = std::chrono::milliseconds(5);
inline constexpr Duration kTransferRequestPauseMax = std::chrono::milliseconds(200);

// How long one silent member may keep a joining node from owning keys. A silent member cannot acknowledge a write
// either; when it wakes it learns of us within one comparison, and versions resolve what it did in between.
inline constexpr Duration kFencePatience = std::chrono::seconds(3);

class IncomingTransfers final {
 public:
  using RingOf = std::function<std::shared_ptr<const RingView>(std::vector<NodeAddress>)>;
  using IsOurs = std::function<bool(const NodeAddress&)>;

  struct Effects {
    std::vector<NodeAddress> transfer_requests;  // ask each of them, once
    bool is_changed = false;                     // acquired_ranges(), gifts() or is_established() differ from before
    bool is_tombstone_check_done = false;        // see begin_tombstone_check()
    std::vector<NodeAddress> given_up;           // members that were silent for kFencePatience
  };

  // A node's answer to a transfer request.
  struct Answer {
    bool is_fenced = false;            // it works by the same ring as we do
    bool is_handed_over = false;       // and holds no key of another node
    std::vector<NodeAddress> sources;  // nodes from which it still awaits keys itself
  };

  // `ring_of` builds a ring from any members; `is_ours`: the node is known not to be of the 2009 system.
  IncomingTransfers(NodeAddress self, RingOf ring_of, IsOurs is_ours)
      : self_(std::move(self)), ring_of_(std::move(ring_of)), is_ours_(std::move(is_ours)) {}

  // The ring of `view_version` is in force.
  void ring_changed(std::shared_ptr<const RingView> view, ViewVersion view_version, TimePoint now, Effects& effects);

  // This node has joined, and the ring shows it. Called once.
  void joined(TimePoint now, Effects& effects);

  // Asks every other node whether it has fully handed over; is_tombstone_check_done follows when all have said so since
  // this call. One check at a time.
  void begin_tombstone_check(TimePoint now, Effects& effects);

  void answered(const NodeAddress& from, const Answer& answer, TimePoint now, Effects& effects);
  void not_answered(const NodeAddress& from, TimePoint now, Effects& effects);
  // `from` has no store, and thus no keys.
  void has_no_store(const NodeAddress& from, TimePoint now, Effects& effects);
  // `from` is of the 2009 system, which knows no transfer requests: it works by its own ring only, and nothing fences
  // it.
  void is_of_2009(const NodeAddress& from, TimePoint now, Effects& effects);
  // The ring of such a node has these members. Once it shows a joiner, it has put all that the joiner acquires from it,
  // since it answers nobody in between; one that leaves may hold keys until it is gone.
  void has_shown(const NodeAddress& from, const std::vector<NodeAddress>& members, TimePoint now, Effects& effects);

  // Due at next_wakeup(); an earlier call does no harm.
  void tick(TimePoint now, Effects& effects);
  TimePoint next_wakeup() const;

  // May this node own keys? Only once every other node works by a ring that contains it: a key has one owner (H2).
  bool is_established() const noexcept { return is_established_; }
  std::vector<AcquiredRange> acquired_ranges() const;
  std::vector<Gift> gifts() const;

  void check() const;  // asserts what holds between calls; for tests

 private:
  enum class Kind : std::uint8_t { join, leave, tombstone_check, gift };
  struct Source {
    bool is_fenced = false;
    bool is_handed_over = false;
    TimePoint heard_at{};       // its last answer; before the first, the start of the wait
    bool is_silent = false;     // for kFencePatience
    bool is_recipient = false;  // awaited only for what it may have got by puts
    bool has_shown = false;     // has shown once that it has given all; its puts may still be unread
  };
  struct Awaited {
    Kind kind = Kind::join;
    AcquiredRange acquired_range;
    std::map<NodeAddress, Source> sources;
    std::set<NodeAddress> by_puts{};           // nodes that give, or may give, by puts: of an acquired range
    NodeAddress to{};                          // of a gift
    bool is_to_2009 = false;                   // of a gift
    std::shared_ptr<const RingView> before{};  // of a gift
  };
  struct Asking {
    bool is_asked = false;       // an answer is awaited
    bool is_asked_anew = false;  // something new is awaited since the question
    TimePoint ask_at{};
    Duration pause = kTransferRequestPauseMin;
  };

  void await(Kind kind, AcquiredRange acquired_range, const std::vector<NodeAddress>& sources, TimePoint now);
  void await_from(Awaited& awaited, const NodeAddress& source, TimePoint now);
  void await_puts_of(const NodeAddress& leaving, const std::vector<NodeAddress>& present, TimePoint now);
  Awaited& await_gift(const NodeAddress& to, std::shared_ptr<const RingView> before, TimePoint now, Effects& effects);
  void end_gifts(Effects& effects);
  void note_silence(TimePoint now, Effects& effects);
  static bool may_fall_silent(const Awaited& awaited, const NodeAddress& node, const Source& source);
  void ask_soon(const NodeAddress& source, TimePoint now);
  void take_answer(const NodeAddress& from, const Answer& answer, TimePoint now, Effects& effects);
  void ask_due(TimePoint now, Effects& effects);
  void conclude(Effects& effects);
  std::vector<NodeAddress> others() const;
  void check_sources(const Awaited& awaited, const std::set<NodeAddress>& present) const;
  bool may_hand_over_by_puts(const NodeAddress& leaving) const;
  bool may_anybody_hand_over_by_puts() const;

  const NodeAddress self_;
  const RingOf ring_of_;
  const IsOurs is_ours_;
  std::shared_ptr<const RingView> view_;
  ViewVersion first_view_version_ = 0;
  bool has_joined_ = false;
  bool is_established_ = false;
  std::vector<Awaited> awaited_;
  std::map<NodeAddress, Asking> asking_;
};

}  // namespace p2p::diststore
