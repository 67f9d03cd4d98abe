// What services keep in the store (<p2p/store.h>): the shell of the rules of updates (update_rules.h), which holds the
// spaces' queue, pauses, and ends what has no time left.
#pragma once

#include "spaces/entry_access.h"

#include <p2p/store.h>
#include <p2p/strand.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace p2p::diststore {

class SpaceUpdates;

// Every method: [any thread].
class SpaceStore final : public IStore {
 public:
  // `chance`: random_number(). Pauses, and the updates that waited for another, run on `strand`. A read or a write of
  // an entry that is not answered within `attempt_timeout` has failed, what came of it in doubt.
  SpaceStore(std::shared_ptr<EntryAccess> entries, std::shared_ptr<Strand> strand,
             std::function<std::uint64_t()> chance, Duration attempt_timeout);
  ~SpaceStore() override;

  using IStore::open;
  Result<std::shared_ptr<Space>> open(const std::string& name, SpaceOptions options) override;

  // What waits ends as cancelled, and so does what is asked from now on; an update whose write is under way as
  // timed_out.
  void stop();

 private:
  const std::shared_ptr<SpaceUpdates> updates_;
};

// In a network that keeps one copy of each key.
class NoSpaces final : public IStore {
 public:
  using IStore::open;
  Result<std::shared_ptr<Space>> open(const std::string& name, SpaceOptions options) override;
};

bool is_space_name(const std::string& name) noexcept;

}  // namespace p2p::diststore
