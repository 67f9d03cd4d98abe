#include "routing/route.h"

#include "key_path.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

Route shards_add() {
  Route route;
  route.methods["add"] = {Fate::by_key, path_of({1}), false};
  return route;
}

TEST(Route, WhatIsNotListedIsRefusedUnlessItSaysOtherwise) {
  Route route = shards_add();
  EXPECT_EQ(route_of(route, "add", false).fate, Fate::by_key);
  EXPECT_EQ(route_of(route, "other", false).fate, Fate::refused);
  route.others.fate = Fate::here;
  EXPECT_EQ(route_of(route, "other", false).fate, Fate::here);
}

TEST(Route, BaseMethodsAlwaysRunHere) {
  for (const char* method : {"ping", "service_type", "service_types", "debug", "die"}) {
    EXPECT_EQ(route_of(shards_add(), method, false).fate, Fate::here) << method;
  }
}

TEST(Route, TheLocatorsMethodsRunHereOnlyWhereTheServiceExtendsItAndTheRouteDoesNotListThem) {
  const Route route = shards_add();
  EXPECT_EQ(route_of(route, "get_node", true).fate, Fate::here);
  EXPECT_EQ(route_of(route, "get_node", false).fate, Fate::refused);
  EXPECT_EQ(route_of(route, "add", true).fate, Fate::by_key);
}

TEST(Route, ItsTextIsWhatAnOperatorWrites) {
  EXPECT_EQ((MethodRoute{Fate::by_key, path_of({1}), false}).text(), "1");
  EXPECT_EQ((MethodRoute{Fate::by_key, path_of({1, 3}), false}).text(), "\"1.3\"");
  EXPECT_EQ((MethodRoute{Fate::by_key, path_of({2}), true}).text(), "{ key = 2, repeatable = true }");
  EXPECT_EQ((MethodRoute{Fate::here, {}, false}).text(), "\"here\"");
  EXPECT_EQ((MethodRoute{Fate::refused, {}, false}).text(), "\"refused\"");
}

}  // namespace
}  // namespace p2p::host
