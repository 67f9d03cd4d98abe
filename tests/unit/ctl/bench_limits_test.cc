#include "ctl/bench_limits.h"

#include <gtest/gtest.h>

namespace p2p::ctl {
namespace {

TEST(BenchLimits, SecondsAreFromAMillisecondToADay) {
  for (const char* good : {"0.001", "0.5", "1", "1e3", "86400"}) EXPECT_EQ(bench_seconds_fault(good), "") << good;
  for (const char* bad :
       {"nan", "-nan", "inf", "1e12", "1e300", "1e999", "0", "-0", "-1", "0.0009", "86400.1", "", "1s", "1 2", "ten"}) {
    EXPECT_EQ(bench_seconds_fault(bad),
              "must be a number of seconds from 0.001 to 86400 (a day), not '" + std::string(bad) + "'");
  }
}

TEST(BenchLimits, RequestsAreAWholeNumberUpToTheMaximum) {
  for (const char* good : {"1", "5000", "10000000000"}) EXPECT_EQ(bench_requests_fault(good), "") << good;
  for (const char* bad : {"0", "-1", "10000000001", "18446744073709551616", "1.5", "1e3", "nan", "", "many"}) {
    EXPECT_EQ(bench_requests_fault(bad),
              "must be a whole number from 1 to 10000000000, not '" + std::string(bad) + "'");
  }
}

}  // namespace
}  // namespace p2p::ctl
