// What does an agreement want of whoever runs it? Messages and saves of the embedded one, which go unread to the wire
// and the disk; and what has been decided.
#pragma once

#include "cluster/embedded/messages.h"
#include "cluster/embedded/voter.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace p2p::cluster {

using SaveId = std::uint64_t;

// The map of `map->epoch` is decided. Told in order of epochs; over a gap once, for the newest.
struct Decision {
  std::shared_ptr<const ClusterMap> map;
  // What made it of the map before; empty over a gap.
  Change change = {};
};

// What is on disk.
struct SavedAgreement {
  std::shared_ptr<const ClusterMap> map;  // null: none yet
  VoterState voter;
};

struct AgreementEffects {
  struct Call {
    NodeId to;  // may be this node
    AgreementRequest request;
  };
  struct Answer {
    RequestId to = 0;
    Reply reply;
  };
  struct Save {
    SaveId id = 0;  // comes back in on_saved() when this, and all saves before it, are on disk and synced
    SavedAgreement what;
    bool is_awaited = false;  // something is said or done once it is on disk; else it only brings a newer map
  };

  std::vector<Call> calls;
  std::vector<Answer> answers;
  std::vector<Save> saves;
  std::vector<Decision> decisions;
};

}  // namespace p2p::cluster
