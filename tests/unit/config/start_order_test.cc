#include "config/start_order.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using Names = std::vector<std::string>;

TEST(StartOrder, WithoutNeedsKeepsTheGivenOrder) {
  EXPECT_EQ(find_start_order({{"b", {}, {}, {}}, {"a", {}, {}, {}}}).services, (Names{"b", "a"}));
}

TEST(StartOrder, PutsProvidersBeforeThoseWhoNeedThem) {
  const auto order = find_start_order(
      {{"app", {}, {"store/1"}, {}}, {"store", {"store/1"}, {"ring/1"}, {}}, {"ring", {"ring/1"}, {}, {}}});
  EXPECT_TRUE(order.ok());
  EXPECT_EQ(order.services, (Names{"ring", "store", "app"}));
}

TEST(StartOrder, PutsOptionalProvidersFirstToo) {
  EXPECT_EQ(find_start_order({{"app", {}, {}, {"ring/1"}}, {"ring", {"ring/1"}, {}, {}}}).services,
            (Names{"ring", "app"}));
}

TEST(StartOrder, DropsAnOptionalRequirementThatWouldMakeACycle) {
  const auto order = find_start_order({{"ring", {"ring/1"}, {}, {"app/1"}}, {"app", {"app/1"}, {"ring/1"}, {}}});
  EXPECT_TRUE(order.ok());
  EXPECT_EQ(order.services, (Names{"ring", "app"}));
}

TEST(StartOrder, NamesWhoNeedsWhatNobodyProvidesAndStartsTheRest) {
  const auto order =
      find_start_order({{"store", {"store/1"}, {"ring/1"}, {}}, {"app", {}, {"store/1"}, {}}, {"other", {}, {}, {}}});
  EXPECT_EQ(order.missing, (std::vector<MissingProvider>{{"store", "ring/1"}}));
  EXPECT_EQ(order.services, Names{"other"});
}

TEST(StartOrder, NamesBothProvidersOfOneInterface) {
  const auto order = find_start_order({{"a", {"ring/1"}, {}, {}}, {"b", {"ring/1"}, {}, {}}});
  EXPECT_EQ(order.doubled, (std::vector<DoubleProvider>{{"ring/1", "a", "b"}}));
}

TEST(StartOrder, ShowsEachCycleOnceAndStartsTheRest) {
  const auto order = find_start_order(
      {{"a", {"a/1"}, {"b/1"}, {}}, {"b", {"b/1"}, {"a/1"}, {}}, {"hangs_on", {}, {"a/1"}, {}}, {"free", {}, {}, {}}});
  ASSERT_EQ(order.cycles.size(), 1u);
  EXPECT_EQ(cycle_text(order.cycles[0]), "a -> b -> a");
  EXPECT_EQ(order.services, Names{"free"});
}

TEST(StartOrder, AServiceThatNeedsWhatItProvidesIsACycleOfOne) {
  const auto order = find_start_order({{"a", {"a/1"}, {"a/1"}, {}}});
  ASSERT_EQ(order.cycles.size(), 1u);
  EXPECT_EQ(cycle_text(order.cycles[0]), "a -> a");
}

}  // namespace
}  // namespace p2p::host
