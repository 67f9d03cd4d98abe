// Runs the fuzzer's entry on good states and keys, and on randomly damaged ones, the same on every run.
#include "stored_state_entry.h"

#include "engine/space_key.h"
#include "mutilate.h"
#include "spaces/stored_state.h"

#include <gtest/gtest.h>

namespace p2p::fuzz {
namespace {

std::string random_text(std::mt19937& random) {
  std::string text(random() % 6, '\0');
  for (char& letter : text) letter = static_cast<char>(random());
  return text;
}

std::string random_state(std::mt19937& random) {
  diststore::StoredState state;
  for (auto count = random() % 12; count > 0; --count) state.note({random(), random()});
  for (auto count = random() % 6; count > 0; --count) state.values[random_text(random)] = random_text(random);
  return encode(state);
}

TEST(StoredStateFuzz, GoodStatesAreTaken) {
  std::mt19937 random(1);
  for (int round = 0; round < 5'000 / kRoundsShare; ++round)
    EXPECT_EQ(try_stored_state(random_state(random)), StateOutcome::taken);
}

TEST(StoredStateFuzz, DamagedOnesAreRefusedOrReadAsTheyAre) {
  std::mt19937 random(2);
  int refused = 0;
  for (int round = 0; round < 50'000 / kRoundsShare; ++round) {
    std::string state = random_state(random);
    mutilate(state, random);
    if (try_stored_state(state) == StateOutcome::refused) ++refused;
  }
  EXPECT_GT(refused, 0);
}

TEST(StoredStateFuzz, SoAreDamagedKeys) {
  std::mt19937 random(3);
  for (int round = 0; round < 50'000 / kRoundsShare; ++round) {
    std::string key = diststore::stored_key_of({"queue", random_text(random)});
    if (round % 2 == 0) mutilate(key, random);
    try_stored_state(key);
  }
}

}  // namespace
}  // namespace p2p::fuzz
