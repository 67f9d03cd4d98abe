// How does a change of the ring become the store's own standing? In one step for every call: the engine is fenced, so
// that nothing is done by the former ring any more, and then the new standing is published. Asks the others for the
// keys that became ours, as Intake wishes.
#pragma once

#include "replication/intake.h"
#include "serving/store.h"

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
  RingWatch(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store);

  // A ring has been published. Takes it over before what the caller posts to the strand afterwards. [any thread]
  void ring_changed(std::shared_ptr<const RingView> view);

  // This node is part of its network. `established` when it may own keys. Once. [any thread]
  void joined(Completion established);

  // `done` when every other node has said, since now, that it holds no key of another one. One at a time. [any thread]
  void begin_census(std::function<void()> done);

  void stop();  // [any thread]

 private:
  using Tell = std::function<void(Intake&, TimePoint, Intake::Effects&)>;

  void tell(Tell tell);  // [any thread]
  void obey(const Intake::Effects& effects);
  void take_over(std::shared_ptr<const RingView> view);
  std::vector<Leaver> leavers_of(const RingView& view, const Standing& former) const;
  std::shared_ptr<const RingView> last_ring_of(const Location& node, const std::vector<Location>& present,
                                               const Standing& former) const;
  void publish(std::shared_ptr<const RingView> view);
  void claim(const Location& from);
  void ask_2009(const Location& node);
  void shown(const Location& node, const Result<std::vector<Location>>& members);
  void claim_ended(const Location& from, const Result<std::string>& reply);
  void note_kind(const Location& node, bool is_classic);
  void set_timer();

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<Store> store_;

  // [own strand]
  Intake intake_;
  Era era_ = 0;
  std::vector<std::shared_ptr<const RingView>> former_rings_;  // the newest first
  std::vector<Leaver> leavers_;
  Completion established_;
  std::function<void()> census_done_;
  std::set<Location> disagreeing_;  // whose last answer told of another ring: they get our table
  std::unique_ptr<Timer> timer_;
  bool is_stopped_ = false;
};

}  // namespace p2p::diststore
