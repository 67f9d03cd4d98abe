#include "plugins/idl_descriptor.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using namespace std::string_literals;

TEST(IdlDescriptor, SaysServicesMethodsAndFields) {
  const auto idl = parse_idl_descriptor(
      "struct=Order|1:item:string|3:customer:i64\0service=Counter|Base\0"
      "method=Counter|order|1:order:struct/Order\0method=Counter|total\0service=Base|\0"s);
  ASSERT_TRUE(idl.ok());
  const auto& counter = idl.value().services.at("Counter");
  EXPECT_EQ(counter.extends, "Base");
  ASSERT_EQ(counter.methods.size(), 2u);
  EXPECT_EQ(counter.methods[0].name, "order");
  ASSERT_EQ(counter.methods[0].arguments.size(), 1u);
  EXPECT_EQ(counter.methods[0].arguments[0].type, "struct/Order");
  EXPECT_TRUE(counter.methods[1].arguments.empty());
  ASSERT_EQ(idl.value().structs.at("Order").size(), 2u);
  EXPECT_EQ(idl.value().structs.at("Order")[1].id, 3);
  EXPECT_EQ(idl.value().services.at("Base").extends, "");
}

TEST(IdlDescriptor, PassesOverWhatANewerOneSays) {
  const auto idl = parse_idl_descriptor("colour=red|blue\0service=A|\0"s);
  ASSERT_TRUE(idl.ok());
  EXPECT_EQ(idl.value().services.size(), 1u);
}

TEST(IdlDescriptor, LeavesOutStructsThatShareTheirNameOnly) {
  const auto idl = parse_idl_descriptor("struct=A|1:x:i32\0struct=B|1:x:i32\0struct=A|1:x:i32\0struct=B|2:y:i64\0"s);
  ASSERT_TRUE(idl.ok());
  EXPECT_TRUE(idl.value().structs.contains("A"));
  EXPECT_FALSE(idl.value().structs.contains("B"));
}

TEST(IdlDescriptor, NothingIsNothing) {
  const auto idl = parse_idl_descriptor("");
  ASSERT_TRUE(idl.ok());
  EXPECT_TRUE(idl.value().services.empty());
}

TEST(IdlDescriptor, RefusesWhatMakesNoSense) {
  for (const char* piece : {"method", "method=A", "method=|b", "service=A", "service=|", "struct=", "struct=A|1:name",
                            "struct=A|x:name:i32", "struct=A|1x:name:i32", "struct=A|70000:name:i32", "struct=A|1::i32",
                            "method=A|b|1:name:", "service=A\x1b|"}) {
    EXPECT_FALSE(parse_idl_descriptor(piece).ok()) << piece;
  }
}

}  // namespace
}  // namespace p2p::host
