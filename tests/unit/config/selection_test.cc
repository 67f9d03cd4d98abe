#include "config/selection.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using NameSet = std::set<std::string>;
using Reasons = std::map<std::string, std::string>;

// c needs b, b needs a; d stands alone; e could use a.
std::vector<ServiceNeeds> services() {
  return {{"a", {"I/1"}, {}, {}},
          {"b", {"J/1"}, {"I/1"}, {}},
          {"c", {}, {"J/1"}, {}},
          {"d", {}, {}, {}},
          {"e", {}, {}, {"I/1"}}};
}

TEST(Selection, RequiredServicesNeedTheirProvidersAndThoseOfTheirProviders) {
  EXPECT_EQ(indispensable_services(services(), {"c"}), (NameSet{"a", "b", "c"}));
  EXPECT_EQ(indispensable_services(services(), {"d"}), NameSet{"d"});
  EXPECT_EQ(indispensable_services(services(), {"e"}), NameSet{"e"});
  EXPECT_EQ(indispensable_services(services(), {}), NameSet{});
}

TEST(Selection, WhoRequiresALeftOutServiceIsLeftOutWithTheReason) {
  Reasons left_out{{"a", "it crashed"}};
  leave_out_dependents(services(), left_out);
  EXPECT_EQ(left_out, (Reasons{{"a", "it crashed"},
                               {"b", "it requires I/1 of service a, which is left out"},
                               {"c", "it requires J/1 of service b, which is left out"}}));
}

TEST(Selection, WhoCouldUseALeftOutServiceOrNeedsNothingStays) {
  Reasons left_out{{"c", "it crashed"}};
  leave_out_dependents(services(), left_out);
  EXPECT_EQ(left_out, (Reasons{{"c", "it crashed"}}));
}

}  // namespace
}  // namespace p2p::host
