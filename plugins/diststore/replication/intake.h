// From whom does this node still await keys that it owns? A node that joins awaits them from every other, one that
// stays from a member that leaves. Until all of them have said that they hold nothing more, what is missing here may
// lie there. Pure: told the ring and the answers, it lists whom to ask; which nodes are ours it asks each time. Words
// and rules: README.md, "When the ring changes".
#pragma once

#include "replication/era.h"

#include <p2p/locator.h>
#include <p2p/units.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// Keys that became ours with the ring of `era`: those that are not ours by `before`. What lies here of such a key
// counts only if it was settled since.
struct Gain {
  Era era = 0;
  std::shared_ptr<const RingView> before;
  bool is_join = false;
  std::vector<Location> sources;  // that have not said yet that they hold nothing more; sorted
  // Of these, who may have got any of the keys by a put, since a node of the 2009 system gives some by its own ring.
  std::vector<Location> recipients = {};
};

// A node has joined that does not claim what others hold of its keys, or not from all of them: one of the 2009 system,
// or one of ours, to which nodes of that system give when they hear of it.
struct Gift {
  Location to;
  std::vector<Location> givers;                      // that have not shown yet that they hold nothing more; sorted
  std::shared_ptr<const RingView> before = nullptr;  // it joined, as far as this node knows: who held its keys then
};

// A claim is asked again after this, then after twice as long, and so on: the first answers of a join come within a few
// milliseconds, a hand-over takes seconds.
inline constexpr Duration kClaimPauseMin = std::chrono::milliseconds(5);
inline constexpr Duration kClaimPauseMax = std::chrono::milliseconds(200);

// How long one silent member may keep a joining node from owning keys. Who is silent cannot acknowledge a write either;
// when it wakes it learns of us within a comparison, and versions decide about what it did in between.
inline constexpr Duration kFencePatience = std::chrono::seconds(3);

class Intake final {
 public:
  using RingOf = std::function<std::shared_ptr<const RingView>(std::vector<Location>)>;
  using IsOurs = std::function<bool(const Location&)>;

  struct Effects {
    std::vector<Location> claims;    // ask each of them, once
    bool is_changed = false;         // gains(), gifts() or is_established() differ from before
    bool is_census_done = false;     // see begin_census()
    std::vector<Location> given_up;  // members that were silent for kFencePatience
  };

  // What a node answered to a claim.
  struct Answer {
    bool is_fenced = false;         // it works by the same ring as we do
    bool is_clean = false;          // and holds no key of another node
    std::vector<Location> sources;  // from whom it still awaits keys itself
  };

  // `ring_of` makes a ring of any members; `is_ours`: a node is known not to be of the 2009 system.
  Intake(Location self, RingOf ring_of, IsOurs is_ours)
      : self_(std::move(self)), ring_of_(std::move(ring_of)), is_ours_(std::move(is_ours)) {}

  // The ring of `era` is in force.
  void ring_changed(std::shared_ptr<const RingView> view, Era era, TimePoint now, Effects& effects);

  // This node is part of its network, and the ring shows it. Once.
  void joined(TimePoint now, Effects& effects);

  // Asks every other node whether it is clean; is_census_done follows when all of them have been, since now. One at a
  // time.
  void begin_census(TimePoint now, Effects& effects);

  void answered(const Location& from, const Answer& answer, TimePoint now, Effects& effects);
  void not_answered(const Location& from, TimePoint now, Effects& effects);
  // It has no store, and thus no keys.
  void has_no_store(const Location& from, TimePoint now, Effects& effects);
  // It is of the 2009 system, which knows no claims: it owns what it owns by its own ring, and is fenced by no other.
  void is_of_2009(const Location& from, TimePoint now, Effects& effects);
  // The ring of such a node has these members. It has put what a joiner gains of it when it shows the joiner, since it
  // answers nobody in between; one that leaves has nothing more only when it is gone.
  void has_shown(const Location& from, const std::vector<Location>& members, TimePoint now, Effects& effects);

  // Due at next_wakeup(); earlier does no harm.
  void tick(TimePoint now, Effects& effects);
  TimePoint next_wakeup() const;

  // May this node own keys? Not before every other node works by a ring that it is in: a key has one owner.
  bool is_established() const noexcept { return is_established_; }
  std::vector<Gain> gains() const;
  std::vector<Gift> gifts() const;

 private:
  enum class Kind : std::uint8_t { join, leave, census, gift };
  struct Source {
    bool is_fenced = false;
    bool is_clean = false;
    TimePoint heard_at{};       // its last answer; before the first, when it began to be awaited
    bool is_silent = false;     // for kFencePatience
    bool is_recipient = false;  // it is awaited only for what it may have got by puts
    bool has_shown = false;     // once that it has given all, by puts that may not have been read yet
  };
  struct Awaited {
    Kind kind = Kind::join;
    Gain gain;
    std::map<Location, Source> sources;
    std::set<Location> by_puts{};              // who gives, or may give, by puts: of a gain
    Location to{};                             // of a gift
    bool is_to_2009 = false;                   // of a gift
    std::shared_ptr<const RingView> before{};  // of a gift
  };
  struct Asking {
    bool is_asked = false;       // an answer is awaited
    bool is_asked_anew = false;  // something is awaited that began after the question
    TimePoint ask_at{};
    Duration pause = kClaimPauseMin;
  };

  void await(Kind kind, Gain gain, const std::vector<Location>& sources, TimePoint now);
  void await_from(Awaited& awaited, const Location& source, TimePoint now);
  void await_puts_of(const Location& leaving, const std::vector<Location>& present, TimePoint now);
  Awaited& await_gift(const Location& to, std::shared_ptr<const RingView> before, TimePoint now, Effects& effects);
  void end_gifts(Effects& effects);
  void note_silence(TimePoint now, Effects& effects);
  static bool may_fall_silent(const Awaited& awaited, const Location& node, const Source& source);
  void ask_soon(const Location& source, TimePoint now);
  void take_answer(const Location& from, const Answer& answer, TimePoint now, Effects& effects);
  void ask_due(TimePoint now, Effects& effects);
  void conclude(Effects& effects);
  std::vector<Location> others() const;
  bool may_hand_over_by_puts(const Location& leaving) const;
  bool may_anybody_hand_over_by_puts() const;

  const Location self_;
  const RingOf ring_of_;
  const IsOurs is_ours_;
  std::shared_ptr<const RingView> view_;
  Era first_era_ = 0;
  bool has_joined_ = false;
  bool is_established_ = false;
  std::vector<Awaited> awaited_;
  std::map<Location, Asking> asking_;
};

}  // namespace p2p::diststore
