#include "history/history_file.h"

#include <gtest/gtest.h>

namespace p2p::history {
namespace {

TEST(HistoryFile, GivesBackEachFieldThatWasWritten) {
  Operation one{.key = "k\"1", .client = 7, .kind = Kind::write, .value = "c7-000001", .if_version = Version{3, 4}};
  one.ending = Ending::condition_failed;
  one.found = true;
  one.version = Version{18'000'000'000'000'000'000U, 2};
  one.invoked_at = 5;
  one.returned_at = 6;
  const auto read = operation_of(line_of(one));
  ASSERT_TRUE(read.ok()) << read.error().text;
  const Operation& other = read.value();
  EXPECT_EQ(other.key, one.key);
  EXPECT_EQ(other.client, one.client);
  EXPECT_EQ(other.kind, one.kind);
  EXPECT_EQ(other.value, one.value);
  EXPECT_EQ(other.if_absent, false);
  EXPECT_EQ(other.if_version, one.if_version);
  EXPECT_EQ(other.ending, one.ending);
  EXPECT_EQ(other.found, one.found);
  EXPECT_EQ(other.version, one.version);
  EXPECT_EQ(other.invoked_at, one.invoked_at);
  EXPECT_EQ(other.returned_at, one.returned_at);
}

TEST(HistoryFile, TakesNoLineThatContradictsItself) {
  for (const char* line : {
           "",
           "[]",
           "not JSON",
           R"({"key":"k","op":"read","result":"ok","found":false,"invoked_at":1})",
           R"({"key":"k","op":"read","result":"ok","found":false,"invoked_at":2,"returned_at":1})",
           R"({"key":"k","op":"read","result":"ok","invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"read","result":"ok","found":true,"invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"read","result":"ok","found":false,"value":"a","invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"read","result":"unknown","if_version":[1,1],"invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"write","result":"ok","invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"write","value":"a","result":"condition_failed","invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"write","value":"a","result":"ok","version":[1],"invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"write","value":"a","result":"ok","if_absent":true,"if_version":[1,1],)"
           R"("invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"erase","if_absent":true,"result":"ok","invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"swap","result":"ok","invoked_at":1,"returned_at":2})",
           R"({"key":"k","op":"erase","result":"lost","invoked_at":1,"returned_at":2})",
           R"({"key":7,"op":"erase","result":"ok","invoked_at":1,"returned_at":2})",
       }) {
    const auto read = operation_of(line);
    EXPECT_FALSE(read.ok()) << line;
    EXPECT_TRUE(read.ok() || !read.error().text.empty()) << line;
  }
}

}  // namespace
}  // namespace p2p::history
