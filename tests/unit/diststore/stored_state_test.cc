// The state of a route key as the bytes that lie in the store.
#include "spaces/stored_state.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace p2p::diststore {
namespace {

using namespace std::string_view_literals;

StoredState example() {
  StoredState state;
  state.values = {{"", "x"}, {"ab", ""}};
  state.updates = {{2, 0x0102030405060708}, {1, 7}};
  return state;
}

// Other nodes rely on every byte.
constexpr std::string_view kExample =
    "\1"
    "\2"
    "\2\0\0\0\0\0\0\0\x08\x07\x06\x05\x04\x03\x02\x01"
    "\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0"
    "\2\0\0\0"
    "\0\0\0\0\1\0\0\0x"
    "\2\0\0\0ab\0\0\0\0"sv;

TEST(StoredState, TheBytesAreThese) {
  EXPECT_EQ(encode(example()), kExample);
  EXPECT_EQ(encode({}), "\1\0\0\0\0\0"sv);
}

TEST(StoredState, IsReadBack) {
  const auto state = decode_state(kExample);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->values, example().values);
  EXPECT_EQ(state->updates, example().updates);
  EXPECT_TRUE(decode_state(encode({})));
}

TEST(StoredState, APartOfTheBytesIsNone) {
  for (std::size_t size = 0; size < kExample.size(); ++size)
    EXPECT_FALSE(decode_state(kExample.substr(0, size))) << size;
  EXPECT_FALSE(decode_state(std::string(kExample) + 'x'));
}

// Whatever is read is what encode() would write: no two forms of one state.
TEST(StoredState, NoByteCanBeAnotherUnnoticed) {
  for (std::size_t at = 0; at < kExample.size(); ++at) {
    for (int other = 0; other < 256; ++other) {
      std::string bytes(kExample);
      bytes[at] = static_cast<char>(other);
      const auto state = decode_state(bytes);
      EXPECT_TRUE(!state || encode(*state) == bytes) << at << ' ' << other;
    }
  }
}

TEST(StoredState, KeepsTheNewestUpdates) {
  StoredState state;
  for (std::uint64_t number = 1; number <= kUpdatesKept + 2; ++number) state.note({1, number});
  EXPECT_EQ(state.updates.size(), kUpdatesKept);
  EXPECT_EQ(state.updates.front(), (UpdateId{1, kUpdatesKept + 2}));
  EXPECT_TRUE(state.has({1, 3}));
  EXPECT_FALSE(state.has({1, 2}));
}

}  // namespace
}  // namespace p2p::diststore
