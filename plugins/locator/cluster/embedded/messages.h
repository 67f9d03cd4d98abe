// What do voters and members say to each other, so that they agree? Plain values, no bytes. Every request gets one
// reply, unless it is lost. Above the seam (cluster/agreement.h) these are carried, and not read.
#pragma once

#include "cluster/messages.h"

#include <p2p/units.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace p2p::cluster {

// Never used twice: a proposer's rounds rise within its boot, and over boots (A2). All zero: none.
struct Ballot {
  std::uint64_t generation = 0;  // of the network (J5)
  std::uint64_t round = 0;
  std::uint64_t boot = 0;  // of the proposer
  NodeId proposer = {};

  bool empty() const noexcept { return *this == Ballot{}; }
  friend bool operator==(const Ballot&, const Ballot&) = default;
  friend auto operator<=>(const Ballot&, const Ballot&) = default;
};

// --- requests --------------------------------------------------------------------------------------------------------

// "Promise me not to take my primaries away for a while" (L1). `sent_at` is by the sender's clock, and comes back.
struct Renew {
  TimePoint sent_at{};
  std::vector<Consent> consents = {};  // all that are out (H1: repeated with each)
};

struct Prepare {
  Epoch slot = 0;  // the epoch that is to be decided
  Ballot ballot = {};
};

struct Accept {
  Epoch slot = 0;
  Ballot ballot = {};
  Change change = {};
};

// One for all who are told.
struct Announce {
  explicit Announce(MapUpdate told) : update(std::make_shared<const MapUpdate>(std::move(told))) {}

  std::shared_ptr<const MapUpdate> update;  // never null
};

// "Leave the former generation for this map, which nobody acts by yet, and say so when it is on disk" (J5).
struct Adopt {
  MapUpdate update;
};

using AgreementRequest = std::variant<Renew, Prepare, Accept, Announce, Adopt>;

// --- replies ---------------------------------------------------------------------------------------------------------

struct Granted {
  TimePoint sent_at{};
  Boot boot = {};  // the asker's: an answer to another boot of it counts nothing (L3)
  // The voter had accepted no change of the map that both know: no majority with it had decided one.
  bool is_settled = false;
};

// Rules L2, L5 or L7 forbid it, or the epochs differ.
struct NotGranted {
  TimePoint sent_at{};
};

struct Promised {
  Epoch slot = 0;
  Ballot ballot = {};
  Ballot accepted = {};  // empty: nothing yet
  Change change = {};
};

struct Accepted {
  Epoch slot = 0;
  Ballot ballot = {};
};

struct Rejected {
  Epoch slot = 0;
  Ballot ballot = {};
  Ballot promised = {};  // a higher one; empty: that is not the reason
  Duration try_after{};  // promises of leases are in the way for so long (L4); 0: that is not the reason
  std::string why = {};  // the change is not allowed; empty: that is not the reason
};

// The map of `epoch` is on disk (J5).
struct Adopted {
  Epoch epoch = 0;
};

// The sender stays where it is, as it knows what the map to adopt does not: the reply's update tells it (J5).
struct NotAdopted {};

using AgreementReply = std::variant<Granted, NotGranted, Promised, Accepted, Rejected, Noted, Adopted, NotAdopted>;

// Of a reply alone: what the asker lacks.
struct Reply {
  AgreementReply body = Noted{};
  std::optional<MapUpdate> update = {};
};

}  // namespace p2p::cluster
