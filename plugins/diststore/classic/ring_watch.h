// How does a change of the ring become the store's own ownership snapshot? In one step for every call: the engine is
// fenced, so that nothing is done by the former ring any more, and then the new ownership snapshot is published. Sends
// the transfer requests that IncomingTransfers lists.
#pragma once

#include "classic/classic_store.h"
#include "classic/core/incoming_transfers.h"

#include <p2p/completion.h>
#include <p2p/log.h>
#include <p2p/strand.h>

#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace p2p::diststore {

class RingWatch final : public std::enable_shared_from_this<RingWatch> {
 public:
  RingWatch(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<ClassicStore> store);

  // Takes over the ring of the moment when the store subscribed to changes, unless a change came since. Called once.
  // [any thread]
  void begin(std::shared_ptr<const RingView> view);

  // A ring has been published. Takes it over before anything that the caller posts to the strand afterwards. [any
  // thread]
  void ring_changed(std::shared_ptr<const RingView> view);

  // This node has joined. `established` runs when it may own keys. Called once. [any thread]
  void joined(Completion established);

  // `done` runs when every other node has said, since this call, that it holds no key of another node. One check at a
  // time. [any thread]
  void begin_tombstone_check(std::function<void()> done);

  void stop();  // [any thread]

 private:
  using Tell = std::function<void(IncomingTransfers&, TimePoint, IncomingTransfers::Effects&)>;

  void tell(Tell tell);  // [any thread]
  void apply(const IncomingTransfers::Effects& effects);
  void take_over(std::shared_ptr<const RingView> view);
  std::vector<Leaver> leavers_of(const RingView& view, const OwnershipSnapshot& former) const;
  std::shared_ptr<const RingView> last_ring_of(const NodeAddress& node, const std::vector<NodeAddress>& present,
                                               const OwnershipSnapshot& former) const;
  void publish(std::shared_ptr<const RingView> view);
  void claim(const NodeAddress& from);
  void ask_2009(const NodeAddress& node);
  void shown(const NodeAddress& node, const Result<std::vector<NodeAddress>>& members);
  void transfer_request_ended(const NodeAddress& from, const Result<std::string>& reply);
  void note_kind(const NodeAddress& node, bool is_classic);
  void set_timer();

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<ClassicStore> store_;

  // [own strand]
  IncomingTransfers incoming_;
  ViewVersion view_version_ = 0;
  std::vector<std::shared_ptr<const RingView>> former_rings_;  // the newest first
  std::vector<Leaver> leavers_;
  Completion established_;
  std::function<void()> tombstone_check_done_;
  std::set<NodeAddress> disagreeing_;  // nodes whose last answer showed another ring: they get our table
  std::unique_ptr<Timer> timer_;
  bool is_stopped_ = false;
};

}  // namespace p2p::diststore
