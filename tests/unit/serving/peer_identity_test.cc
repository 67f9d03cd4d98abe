#include "peers/peer_identity.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

peer::HelloRequest hello_of(const std::string& cluster) { return PeerIdentity({"127.0.0.1", 1}, cluster).request(); }

TEST(Hello, NodesOfOneClusterWelcomeEachOther) {
  const PeerIdentity here({"127.0.0.1", 9900}, "p2phost");
  EXPECT_FALSE(here.refusal_of(hello_of("p2phost")).has_value());
  EXPECT_EQ(here.reply_to(hello_of("p2phost")).features, std::vector<std::string>{kOutOfOrderFeature});
}

TEST(Hello, AnotherClusterIsRefusedWithBothNames) {
  const PeerIdentity here({"127.0.0.1", 9900}, "p2phost");
  const auto refusal = here.refusal_of(hello_of("staging"));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->field, "cluster");
  EXPECT_EQ(refusal->ours, "p2phost");
  EXPECT_EQ(refusal->theirs, "staging");
}

TEST(Hello, VersionsThatDoNotOverlapAreRefusedAndWiderOnesAgreeOnTheHighestKnown) {
  const PeerIdentity here({"127.0.0.1", 9900}, "p2phost");
  auto request = hello_of("p2phost");
  request.version_min = kPeerProtocolMax + 1;
  request.version_max = kPeerProtocolMax + 3;
  ASSERT_TRUE(here.refusal_of(request).has_value());
  EXPECT_EQ(here.refusal_of(request)->field, "version");
  request.version_min = kPeerProtocolMin;
  EXPECT_FALSE(here.refusal_of(request).has_value());
  EXPECT_EQ(here.reply_to(request).version, kPeerProtocolMax);
}

// --- what should be alike ------------------------------------------------------------------------------------------

MethodRoute by_field(std::int16_t id) {
  MethodRoute method;
  method.destination = Destination::by_key;
  method.key.ids[0] = id;
  method.key.depth = 1;
  return method;
}

std::shared_ptr<const Route> route(std::map<std::string, MethodRoute, std::less<>> methods) {
  auto made = std::make_shared<Route>();
  made->methods = std::move(methods);
  return made;
}

TEST(HelloDifferences, BothValuesAreTold) {
  const ToldConfiguration here{std::uint64_t{16} << 20,
                               told_routes({{"counter", route({{"take", by_field(1)}, {"put", by_field(2)}})},
                                            {"same", route({{"take", by_field(1)}})},
                                            {"ours", route({{"take", by_field(1)}})}})};
  const ToldConfiguration there{std::uint64_t{8} << 20, told_routes({{"counter", route({{"take", by_field(3)}})},
                                                                     {"same", route({{"take", by_field(1)}})},
                                                                     {"theirs", route({{"take", by_field(1)}})}})};
  EXPECT_EQ(find_differences(here, there),
            (std::vector<std::string>{"[host] frame_bytes_max is 16MiB here and 8MiB there",
                                      "[services.counter.route] put is 2 here and not listed there",
                                      "[services.counter.route] take is 1 here and 3 there",
                                      "[services.ours] has a route here and none there",
                                      "[services.theirs] has no route here and one there"}));
  EXPECT_TRUE(find_differences(here, here).empty());
  EXPECT_TRUE(find_differences(here, {}).empty()) << "a node that was built before tells nothing";
}

TEST(HelloDifferences, LongRoutesAreToldAsADigestAndWhatIsSaidIsBounded) {
  std::map<std::string, MethodRoute, std::less<>> many;
  for (int number = 0; number < 500; ++number) many.emplace("method_" + std::to_string(number), by_field(1));
  auto others = many;
  others["method_7"] = by_field(2);
  const ToldConfiguration here{std::nullopt, told_routes({{"counter", route(many)}})};
  const ToldConfiguration there{std::nullopt, told_routes({{"counter", route(others)}})};
  ASSERT_EQ(here.routes->at("counter").size(), 1u);
  const auto lines = find_differences(here, there);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with("[services.counter.route] (digest) is 500 methods, ")) << lines[0];
  EXPECT_TRUE(find_differences(here, here).empty());

  ToldConfiguration hostile{std::nullopt, ToldRoutes{}};
  for (int number = 0; number < 1'000; ++number) {
    (*hostile.routes)["\x1b[2J" + std::to_string(number)]["m"] = std::string(100'000, 'x');
  }
  const auto bounded = find_differences(here, hostile);
  EXPECT_EQ(bounded.size(), kDifferencesMax);
  for (const std::string& line : bounded) EXPECT_TRUE(line.size() < 500 && line.find('\x1b') == std::string::npos);
}

TEST(Hello, EachDifferenceIsToldOnceForEachPeer) {
  PeerIdentity here({"127.0.0.1", 9900}, "p2phost", 16 << 20);
  PeerIdentity there({"127.0.0.1", 9901}, "p2phost", 8 << 20);
  const std::vector<std::string> expected{"[host] frame_bytes_max is 16MiB here and 8MiB there"};
  EXPECT_EQ(here.new_differences("127.0.0.1:9901", there.request()), expected);
  EXPECT_TRUE(here.new_differences("127.0.0.1:9901", there.request()).empty());
  EXPECT_TRUE(here.new_differences("127.0.0.1:9901", there.reply_to(here.request())).empty());
  EXPECT_EQ(here.new_differences("127.0.0.1:9902", there.request()), expected);
  there.set_routes(told_routes({{"counter", route({{"take", by_field(1)}})}}));
  EXPECT_EQ(here.new_differences("127.0.0.1:9901", there.reply_to(here.request())),
            std::vector<std::string>{"[services.counter] has no route here and one there"});
}

}  // namespace
}  // namespace p2p::host
