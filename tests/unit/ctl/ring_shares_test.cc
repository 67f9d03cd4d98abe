#include "ctl/ring_shares.h"
#include "ctl/nato_alphabet.h"

#include <gtest/gtest.h>

namespace p2p::ctl {
namespace {

TEST(RingShares, AreWhatTheSamplesSay) {
  const auto shares = shares_of({"a:1", "b:2", "c:3"}, {"b:2", "a:1", "b:2", "b:2"});
  ASSERT_EQ(shares.size(), 3u);
  EXPECT_EQ(shares[0].member, "a:1");
  EXPECT_DOUBLE_EQ(shares[0].share, 0.25);
  EXPECT_DOUBLE_EQ(shares[1].share, 0.75);
  EXPECT_DOUBLE_EQ(shares[2].share, 0);
}

TEST(RingShares, WithoutSamplesNobodyHasAShare) { EXPECT_DOUBLE_EQ(shares_of({"a:1"}, {})[0].share, 0); }

TEST(NatoAlphabet, HasOneWordForEachLetterInOrder) {
  for (std::size_t i = 0; i < kNatoAlphabet.size(); ++i)
    EXPECT_EQ(kNatoAlphabet[i].front(), static_cast<char>('A' + i));
}

}  // namespace
}  // namespace p2p::ctl
