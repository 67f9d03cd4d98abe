// Do the built-in kinds do what they say?
#include "kinds.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace work {
namespace {

Outcome run(const std::string& kind, const std::string& payload, std::stop_token stop = {}) {
  return built_in_kinds().at(kind)({"k", "id"}, payload, stop);
}

TEST(Kinds, WordsAreCounted) {
  EXPECT_EQ(run("count_words", "").text, "0");
  EXPECT_EQ(run("count_words", " two\n words ").text, "2");
}

TEST(Kinds, TheChecksumIsTheOneOfZip) {
  EXPECT_EQ(run("checksum", "").text, "00000000");
  EXPECT_EQ(run("checksum", "123456789").text, "cbf43926");  // the check value in catalogues of CRCs
}

TEST(Kinds, AppendEntersTheIdOfItsJob) {
  EXPECT_EQ(run("append", "").entries, std::vector<std::string>{"id"});
  EXPECT_EQ(run("append", "1").entries, std::vector<std::string>{"id"});
}

TEST(Kinds, AppendRefusesAnythingThatIsNoTime) {
  for (const char* payload : {"soon", "-1", "1 ", "3600001", "99999999999"}) {
    EXPECT_THROW(run("append", payload), std::invalid_argument) << payload;
  }
}

TEST(Kinds, AppendReturnsWhenItIsAskedToStop) {
  std::stop_source source;
  source.request_stop();
  run("append", "3600000", source.get_token());  // would take an hour
}

}  // namespace
}  // namespace work
