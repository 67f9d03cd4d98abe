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
    "must be the field that holds the key, by its name or its id, as \"name\", 1, or \"1.3\" for field 3 of the struct "
    "in field 1";
const std::string kOrWord =
    "must be the field that holds the key, by its name or its id, as \"name\", 1, \"1.3\" for field 3 of the struct in "
    "field 1, \"here\", \"any\" or \"refused\"";

// How the key of `method` is written with ids, "" when it was refused.
std::string ids_of(const std::string& method, const std::string& line) {
  FakePlugins plugins;
  plugins.add(counter_description());
  const Checked checked("[services.locator]\n[services.counter]\n[services.counter.route]\n" + line + "\n", plugins);
  EXPECT_EQ(checked.messages(), "");
  const auto& methods = checked.service(1).route->methods;
  return methods.contains(method) ? methods.at(method).key.text() : "";
}

TEST(CheckRoute, AFieldMayBeNamedAtEachStep) {
  EXPECT_EQ(ids_of("increment", "increment = \"name\""), "1");
  EXPECT_EQ(ids_of("increment", "increment = { key = \"by\", repeatable = true }"), "2");
  EXPECT_EQ(ids_of("order", "order = \"order.customer\""), "1.3");
  EXPECT_EQ(ids_of("order", "order = \"1.item\""), "1.1");
  EXPECT_EQ(ids_of("order", "order = \"order.3\""), "1.3");
  EXPECT_EQ(ids_of("here", "here = { key = \"any\" }"), "1") << "where no word stands, a word is a name";
}

TEST(CheckRoute, ANameThatNoFieldHasIsToldTheNearestOrWhichThereAre) {
  EXPECT_EQ(said("increment = \"nmae\""),
            kPath + "increment names the field 'nmae', which is not there; did you mean 'name'?");
  EXPECT_EQ(said("increment = { key = \"who\" }"),
            kPath + "increment.key names the field 'who', which is not there; there are 1 (name), 2 (by)");
  EXPECT_EQ(said("order = \"order.custmer\""),
            kPath + "order names the field 'order.custmer', which is not there; did you mean 'customer'?");
  EXPECT_EQ(said("order = \"order\""),
            kPath +
                "order names field order, 'order', which is of type Order: a key is a string, a binary or an "
                "integer; in it there are 1 (item), 3 (customer)");
  EXPECT_EQ(said("increment = \"name.length\""),
            kPath + "increment names field name, 'name', which is of type string and holds no further fields");
}

TEST(CheckRoute, ANameNeedsAPluginThatCarriesItsIdl) {
  EXPECT_EQ(said("increment = \"name\"", false),
            kPath +
                "increment names the field 'name', but the file of plugin 'counter' does not tell its methods' "
                "fields, as it was built without p2p_add_plugin(... IDL FILE.thrift); write the field's id instead, "
                "as 1");
  EXPECT_EQ(said("increment = \"hre\"", false), kPath + "increment " + kOrWord + ", not 'hre'; did you mean 'here'?");
}

TEST(CheckRoute, APluginThatWasNotFoundIsToldOnce) {
  const Checked checked("[services.locator]\n[services.nobody]\n[services.nobody.route]\ntake = \"who\"\n");
  EXPECT_EQ(checked.problems().all().size(), 1u) << checked.messages();
}

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
  EXPECT_EQ(said("increment = { key = \"hre\" }"),
            kPath + "increment.key names the field 'hre', which is not there; there are 1 (name), 2 (by)");
  EXPECT_EQ(said("increment = { key = true }"), kPath + "increment.key " + kOrField + ", not true or false");
  EXPECT_EQ(said("increment = { key = \"two words\" }"), kPath + "increment.key " + kOrField + ", not 'two words'");
}

TEST(CheckRoute, AMethodIsOfferedEveryWord) {
  EXPECT_EQ(said("increment = \"hre\""), kPath + "increment " + kOrWord + ", not 'hre'; did you mean 'here'?");
  EXPECT_EQ(said("increment = \"anyy\""), kPath + "increment " + kOrWord + ", not 'anyy'; did you mean 'any'?");
  EXPECT_EQ(said("increment = \"nothing\""),
            kPath + "increment names the field 'nothing', which is not there; there are 1 (name), 2 (by)");
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
