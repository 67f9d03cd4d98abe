#include "stored_state_entry.h"

#include "engine/space_key.h"
#include "spaces/stored_state.h"

#include <p2p/assert.h>

namespace p2p::fuzz {

StateOutcome try_stored_state(std::string_view input) {
  using namespace diststore;
  if (const auto key = space_key_of(input)) {
    P2P_ASSERT(stored_key_of(*key) == input, "there is one way to write a key");
    P2P_ASSERT(placed_by(input) == key->route_key, "it is placed by its route key");
  }
  const auto state = decode_state(input);
  if (!state) return StateOutcome::refused;
  P2P_ASSERT(encode(*state) == input, "there is one way to write a state");
  return StateOutcome::taken;
}

}  // namespace p2p::fuzz
