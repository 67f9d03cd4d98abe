// Runs the fuzzer's entry on good requests, and on randomly damaged ones, the same on every run.
#include "http_head_entry.h"

#include "mutilate.h"

#include <gtest/gtest.h>

#include <string>

namespace p2p::fuzz {
namespace {

constexpr const char* kPaths[] = {"/metrics", "/healthz", "/api/v1/status.json", "/?a=b", "/x/../y"};
constexpr const char* kFields[] = {"Host: localhost:9900\r\n", "Host: [::1]\r\nAccept: */*\r\n",
                                   "User-Agent: x\r\nHost: 127.0.0.1\r\nConnection: close\r\n"};

std::string random_request(std::mt19937& random) {
  const std::string method = random() % 4 == 0 ? "HEAD " : "GET ";
  return method + kPaths[random() % std::size(kPaths)] + " HTTP/1.1\r\n" + kFields[random() % std::size(kFields)] +
         "\r\n";
}

TEST(HttpHeadFuzz, GoodRequestsAreTaken) {
  std::mt19937 random(1);
  for (int round = 0; round < 2'000 / kRoundsShare; ++round)
    EXPECT_EQ(try_http_head(random_request(random) + random_request(random)), HeadOutcome::taken);
}

TEST(HttpHeadFuzz, DamagedRequestsHarmNothing) {
  std::mt19937 random(2);
  int refused = 0;
  for (int round = 0; round < 20'000 / kRoundsShare; ++round) {
    std::string request = random_request(random);
    mutilate(request, random);
    if (try_http_head(request) == HeadOutcome::refused) ++refused;
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace p2p::fuzz
