#include "ctl/exit_code.h"

#include <gtest/gtest.h>

namespace p2p::ctl {
namespace {

TEST(ExitCode, OfACallThatReachedNobodyIsThree) {
  for (const ErrorKind kind : {ErrorKind::refused, ErrorKind::timed_out, ErrorKind::closed, ErrorKind::unreachable,
                               ErrorKind::local, ErrorKind::silent, ErrorKind::wrong_node}) {
    EXPECT_EQ(exit_code_of(kind), ExitCode::no_node) << to_text(kind);
  }
}

TEST(ExitCode, OfACallThatNoNodeOfOursAnsweredIsThree) {
  EXPECT_EQ(exit_code_of(ErrorKind::protocol), ExitCode::no_node);
  EXPECT_EQ(exit_code_of(ErrorKind::unsupported), ExitCode::no_node);
}

TEST(ExitCode, OfACallThatANodeRefusedOrFailedAtIsFiveAndNotThatOfAMissingKey) {
  for (const ErrorKind kind :
       {ErrorKind::overloaded, ErrorKind::cancelled, ErrorKind::not_found, ErrorKind::invalid, ErrorKind::internal}) {
    EXPECT_EQ(number(exit_code_of(kind)), 5) << to_text(kind);
  }
}

}  // namespace
}  // namespace p2p::ctl
