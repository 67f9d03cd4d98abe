#include "configuration_text.h"

#include <gtest/gtest.h>

namespace p2p::host::test {
namespace {

PluginDescription counter_description() {
  PluginDescription plugin;
  plugin.name = "counter";
  plugin.version = "0.1.0";
  plugin.serves = {"counter.Counter"};
  plugin.moves_state = true;
  plugin.idl.structs["Order"] = {{1, "item", "string"}, {3, "customer", "i64"}};
  plugin.idl.services["Counter"] = {"",
                                    {{"increment", {{1, "name", "string"}, {2, "by", "i64"}}},
                                     {"order", {{1, "order", "struct/Order"}}},
                                     {"here", {{1, "any", "string"}}}}};
  return plugin;
}

// What is said about one line of a route, without its place.
std::string said(const std::string& line, bool methods_are_known = true) {
  FakePlugins plugins;
  PluginDescription counter = counter_description();
  if (!methods_are_known) counter.idl = {};
  plugins.add(counter);
  const Checked checked("[services.locator]\n[services.counter]\n[services.counter.route]\n" + line + "\n", plugins);
  std::string text = checked.messages();
  const std::string begin = "error: ";
  const auto at = text.find(begin);
  return at == std::string::npos ? text : text.substr(at + begin.size(), text.find('\n', at) - at - begin.size());
}

const std::string kPath = "services.counter.route.";
const std::string kOrField =
    "must be the id of the field that holds the key, as 1, or \"1.3\" for field 3 of the struct in field 1";
const std::string kOrWord =
    "must be the id of the field that holds the key, as 1, \"1.3\" for field 3 of the struct in field 1, \"here\", "
    "\"any\" or \"refused\"";

TEST(CheckRoute, WhatIsRightIsNotSpokenOf) {
  for (const char* line :
       {"increment = 1", "increment = \"1\"", "order = \"1.3\"", "increment = \"here\"", "increment = \"any\"",
        "increment = \"refused\"", "increment = { key = 1 }", "order = { key = \"1.3\", repeatable = true }",
        "\"*\" = \"here\"", "\"*\" = \"any\"", "\"*\" = \"refused\""}) {
    EXPECT_EQ(said(line), "") << line;
  }
}

TEST(CheckRoute, AWordAsAKeyIsToldWhereWordsStand) {
  for (const std::string word : {"here", "any", "refused"}) {
    EXPECT_EQ(said("increment = { key = \"" + word + "\" }"), kPath + "increment.key " + kOrField + ", not '" + word +
                                                                  "'; did you mean 'increment = \"" + word + "\"'?");
  }
}

TEST(CheckRoute, AKeyIsOfferedNoWordThatIsNoKey) {
  EXPECT_EQ(said("increment = { key = \"hre\" }"), kPath + "increment.key " + kOrField + ", not 'hre'");
  EXPECT_EQ(said("increment = { key = \"name\" }"),
            kPath + "increment.key " + kOrField + ", not 'name'; did you mean 1?");
  EXPECT_EQ(said("here = { key = \"any\" }"), kPath + "here.key " + kOrField + ", not 'any'; did you mean 1?");
  EXPECT_EQ(said("increment = { key = true }"), kPath + "increment.key " + kOrField + ", not true or false");
}

TEST(CheckRoute, AMethodIsOfferedEveryWord) {
  EXPECT_EQ(said("increment = \"hre\""), kPath + "increment " + kOrWord + ", not 'hre'; did you mean 'here'?");
  EXPECT_EQ(said("increment = \"ny\""), kPath + "increment " + kOrWord + ", not 'ny'; did you mean 'any'?");
  EXPECT_EQ(said("increment = \"by\""), kPath + "increment " + kOrWord + ", not 'by'; did you mean 2?");
  EXPECT_EQ(said("increment = \"nothing\""), kPath + "increment " + kOrWord + ", not 'nothing'");
}

TEST(CheckRoute, TheOtherMethodsAreOfferedEveryWord) {
  const std::string must = kPath + "* must be \"here\", \"any\" or \"refused\", not ";
  EXPECT_EQ(said("\"*\" = \"refusd\""), must + "'refusd'; did you mean 'refused'?");
  EXPECT_EQ(said("\"*\" = \"anny\""), must + "'anny'; did you mean 'any'?");
  EXPECT_EQ(said("\"*\" = 1"), must + "'1'");
  EXPECT_EQ(said("\"*\" = { key = 1 }"), must + "a table");
}

TEST(CheckRoute, APathThatIsTooDeepIsToldTheLimit) {
  for (const bool known : {false, true}) {
    EXPECT_EQ(said("increment = \"1.2.3.4.5.6.7.8.9\"", known),
              kPath + "increment names a field within 8 structs, '1.2.3.4.5.6.7.8.9'; a path has at most 8 ids");
    EXPECT_EQ(said("increment = { key = \"1.1.1.1.1.1.1.1.1.1\" }", known),
              kPath + "increment.key names a field within 9 structs, '1.1.1.1.1.1.1.1.1.1'; a path has at most 8 ids");
  }
  EXPECT_EQ(said("increment = \"1.2.3.4.5.6.7.8\"", false), "");
}

TEST(CheckRoute, AnIdThatNoFieldHasIsToldWhichThereAre) {
  for (const char* text : {"0", "32768", "1.0", "99999999999999999999", "1..2", "1."}) {
    EXPECT_EQ(said("increment = \"" + std::string(text) + "\""),
              kPath + "increment " + kOrWord + ", not '" + text + "'; ids are 1 to 32767");
  }
  EXPECT_EQ(said("increment = 32767", false), "");
}

TEST(CheckRoute, APathWithoutQuotesIsToldOfThem) {
  EXPECT_EQ(said("order = 1.3"), kPath + "order " + kOrWord + ", not a number; a path stands in quotes");
}

TEST(CheckRoute, AKeyThatIsNoneIsToldByThePlaceWhereItStands) {
  EXPECT_EQ(said("increment = { key = 3 }"),
            kPath + "increment.key names field 3, which is not there; there are 1 (name), 2 (by)");
  EXPECT_EQ(said("order = { key = 1 }"),
            kPath +
                "order.key names field 1, 'order', which is of type Order: a key is a string, a binary or an "
                "integer; in it there are 1 (item), 3 (customer)");
}

}  // namespace
}  // namespace p2p::host::test
