#include <p2p/callback.h>

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace p2p::client {
namespace {

TEST(Callback, HoldsWhatCannotBeCopied) {
  Callback<int(int)> add = [pending = std::make_unique<int>(40)](int more) { return *pending + more; };
  Callback<int(int)> moved = std::move(add);
  EXPECT_FALSE(add);  // NOLINT: what is moved from is empty
  EXPECT_EQ(moved(2), 42);
}

TEST(Callback, DestroysWhatItHoldsOnceHoweverLargeThatIs) {
  const auto counted = std::make_shared<int>(0);
  const std::array<char, 200> large{};
  {
    Callback<void()> small = [counted] {};
    Callback<void()> big = [counted, large] { static_cast<void>(large); };
    EXPECT_EQ(counted.use_count(), 3);
    Callback<void()> other = std::move(big);
    EXPECT_EQ(counted.use_count(), 3);
    small = std::move(other);
    EXPECT_EQ(counted.use_count(), 2);
    small();
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(Callback, PassesOnWhatIsMoved) {
  std::unique_ptr<int> kept;
  Callback<void(std::unique_ptr<int>)> keep = [&kept](std::unique_ptr<int> given) { kept = std::move(given); };
  keep(std::make_unique<int>(7));
  EXPECT_EQ(*kept, 7);
}

}  // namespace
}  // namespace p2p::client
