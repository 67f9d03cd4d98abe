#include "routing/route.h"

#include "key_path.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

Route shards_add() {
  Route route;
  route.methods["add"] = {Destination::by_key, path_of({1}), false};
  return route;
}

TEST(Route, WhatIsNotListedIsRefusedUnlessItSaysOtherwise) {
  Route route = shards_add();
  EXPECT_EQ(route_of(route, "add", false).destination, Destination::by_key);
  EXPECT_EQ(route_of(route, "other", false).destination, Destination::refused);
  route.others.destination = Destination::here;
  EXPECT_EQ(route_of(route, "other", false).destination, Destination::here);
}

TEST(Route, BaseMethodsAlwaysRunHere) {
  for (const char* method : {"ping", "service_type", "service_types", "debug", "die"}) {
    EXPECT_EQ(route_of(shards_add(), method, false).destination, Destination::here) << method;
  }
}

TEST(Route, TheLocatorsMethodsRunHereOnlyWhereTheServiceExtendsItAndTheRouteDoesNotListThem) {
  const Route route = shards_add();
  EXPECT_EQ(route_of(route, "get_node", true).destination, Destination::here);
  EXPECT_EQ(route_of(route, "get_node", false).destination, Destination::refused);
  EXPECT_EQ(route_of(route, "add", true).destination, Destination::by_key);
}

TEST(Route, ItsTextIsWhatAnOperatorWrites) {
  EXPECT_EQ((MethodRoute{Destination::by_key, path_of({1}), false}).text(), "1");
  EXPECT_EQ((MethodRoute{Destination::by_key, path_of({1, 3}), false}).text(), "\"1.3\"");
  EXPECT_EQ((MethodRoute{Destination::by_key, path_of({2}), true}).text(), "{ key = 2, repeatable = true }");
  EXPECT_EQ((MethodRoute{Destination::here, {}, false}).text(), "\"here\"");
  EXPECT_EQ((MethodRoute{Destination::refused, {}, false}).text(), "\"refused\"");
}

}  // namespace
}  // namespace p2p::host
