// Each way in which a member goes has words of its own.
#include "classic/core/change_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace p2p::classic {
namespace {

const NodeAddress kMember{"127.0.0.1", 9901};

TEST(ChangeText, NoTwoChangesAreToldInTheSameWords) {
  std::set<std::string> texts;
  for (const ChangeKind kind : {ChangeKind::joined, ChangeKind::restarted, ChangeKind::leaving, ChangeKind::left}) {
    texts.insert(change_text({kind, kMember}));
  }
  texts.insert(change_text({ChangeKind::left, kMember, Departure::hearsay}));
  texts.insert(change_text({ChangeKind::gone, kMember}));
  for (const Departure how : {Departure::refused, Departure::silent, Departure::replaced}) {
    texts.insert(change_text({ChangeKind::left, kMember, how}));
    texts.insert(change_text({ChangeKind::gone, kMember, how}));
  }
  texts.insert(change_text({ChangeKind::gone, kMember, Departure::overdue}));
  EXPECT_EQ(texts.size(), 13u);
  for (const std::string& text : texts) EXPECT_TRUE(text.starts_with("127.0.0.1:9901 ")) << text;
}

TEST(ChangeText, OnlyWhoEndsWithoutAWordIsTrouble) {
  for (const ChangeKind kind : {ChangeKind::left, ChangeKind::gone}) {
    for (const Departure how : {Departure::refused, Departure::silent, Departure::replaced}) {
      EXPECT_TRUE(is_trouble({kind, kMember, how}));
    }
    EXPECT_FALSE(is_trouble({kind, kMember, Departure::own_word}));
    EXPECT_FALSE(is_trouble({kind, kMember, Departure::hearsay}));
  }
  EXPECT_FALSE(is_trouble({ChangeKind::joined, kMember}));
}

}  // namespace
}  // namespace p2p::classic
