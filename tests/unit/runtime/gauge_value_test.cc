// A gauge with labels comes out as the text that operators know.
#include "runtime/gauge_value.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

TEST(GaugeText, OfAGaugeWithoutLabelsIsItsName) { EXPECT_EQ(gauge_text("keys", {}), "keys"); }

TEST(GaugeText, HasTheValuesOfTheLabelsBehindTheNameInTheirOrder) {
  EXPECT_EQ(gauge_text("moving_keys", {{"state", "done"}}), "moving_keys_done");
  EXPECT_EQ(gauge_text("calls", {{"method", "get"}, {"outcome", "failed"}}), "calls_get_failed");
}

}  // namespace
}  // namespace p2p::host
