// Who gets in when descriptors are few.
#include "serving/admission.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

constexpr AdmissionLimits kLimits{.clients_max = 10, .reserve = 4, .trials_max = 2};

TEST(Admission, ClientsGetInUpToTheirLimit) {
  EXPECT_EQ(admit({.open = 9}, kLimits), Admitted::as_client);
  EXPECT_EQ(admit({.open = 10}, kLimits), Admitted::on_trial);
}

TEST(Admission, NodesTakeNoPlaceOfAClient) {
  EXPECT_EQ(admit({.open = 13, .on_trial = 1, .peers = 3}, kLimits), Admitted::as_client);
  EXPECT_EQ(admit({.open = 13, .peers = 3}, kLimits), Admitted::on_trial);
}

TEST(Admission, BeyondTheReserveNodesTakePlacesOfClients) {
  EXPECT_EQ(admit({.open = 13, .peers = 9}, kLimits), Admitted::as_client) << "4 of the reserve, 9 of the clients";
  EXPECT_EQ(admit({.open = 14, .peers = 9}, kLimits), Admitted::on_trial);
}

TEST(Admission, ANodeGetsInHoweverManyOthersAreThereUpToALimit) {
  EXPECT_EQ(admit({.open = 23, .peers = 13}, kLimits), Admitted::on_trial);
  EXPECT_EQ(admit({.open = 24, .peers = 14}, kLimits), Admitted::not_yet);
}

TEST(Admission, WhenAllAreTakenTheNextOneWaitsAndIsNotClosed) {
  EXPECT_EQ(admit({.open = 12, .on_trial = 2}, kLimits), Admitted::not_yet);
  EXPECT_EQ(admit({.open = 11, .on_trial = 1}, kLimits), Admitted::on_trial);
}

TEST(Descriptors, AHighLimitChangesNothing) {
  const auto limits = limits_within(1'048'576, 30, 10'000);
  EXPECT_EQ(limits.clients_max, 10'000u);
  EXPECT_EQ(limits.reserve, kPeerDescriptorsMost / 2);
}

TEST(Descriptors, AllThatIsGivenAwayIsWithinTheLimit) {
  for (std::uint64_t limit = 40; limit < 70'000; limit += 13) {
    for (const std::uint64_t in_use : {16, 18, 20}) {
      const auto limits = limits_within(limit, in_use, 1'000'000);
      EXPECT_LE(in_use + limits.clients_max + 2 * limits.reserve + limits.trials_max + kOwnDescriptorsLeast, limit);
      EXPECT_GE(limits.clients_max, 1u);
      EXPECT_GE(2 * limits.reserve, kPeerDescriptorsLeast);
      EXPECT_GE(limits.trials_max, kTrialDescriptorsLeast);
    }
  }
}

TEST(Descriptors, WithTheLimitThatIsWantedNobodyGoesWithout) {
  for (const std::uint32_t clients : {1u, 100u, 10'000u, 1'000'000u}) {
    const auto limits = limits_within(descriptors_wanted(25, clients), 25, clients);
    EXPECT_EQ(limits.clients_max, clients);
  }
}

TEST(Descriptors, EvenWhereThereAreNoneSomebodyMayKnock) {
  const auto limits = limits_within(20, 30, 10'000);
  EXPECT_EQ(limits.clients_max, 1u);
  EXPECT_EQ(limits.reserve, 1u);
  EXPECT_EQ(limits.trials_max, 1u);
}

}  // namespace
}  // namespace p2p::host
