// A Completion runs once, and can tell whether it was called or let go of.
#include <p2p/completion.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace p2p {
namespace {

struct Ended {
  Completion completion() {
    return Completion([this] { how += "called;"; }, [this] { how += "let go;"; });
  }
  std::string how;
};

TEST(Completion, RunsOnceWhenItIsCalledAndIsNotLetGoOfAfterwards) {
  Ended ended;
  {
    Completion one = ended.completion();
    EXPECT_TRUE(one.pending());
    one();
    one();
    EXPECT_FALSE(one.pending());
  }
  EXPECT_EQ(ended.how, "called;");
}

TEST(Completion, IsLetGoOfOnceByTheLastWhoHoldsIt) {
  Ended ended;
  {
    Completion one = ended.completion();
    Completion other = std::move(one);
    EXPECT_EQ(ended.how, "");
    other = Completion();
    EXPECT_EQ(ended.how, "let go;");
  }
  EXPECT_EQ(ended.how, "let go;");
}

TEST(Completion, RunsWhenItIsLetGoOfIfNothingElseIsSaid) {
  int runs = 0;
  {
    const Completion one([&] { ++runs; });
  }
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace p2p
