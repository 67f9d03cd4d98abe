// What the log says of a message that no frame can hold.
#include "serving/oversized_message.h"

#include <p2p/handlers.h>

#include <Store.h>
#include <gtest/gtest.h>

#include <string>

namespace p2p::host {
namespace {

std::string put(const std::string& key, const std::string& value) {
  ::diststore::Store_put_args args;
  args.key = key;
  args.value = value;
  return encode_call("put", args);
}

TEST(OversizedMessage, KeyAndSizeOfAPutAreNamed) {
  const std::string message = put("colour", std::string(1'000'000, 'x'));
  EXPECT_EQ(oversized_text(message.substr(0, 100), Encoding::binary),
            "a call of put: field 1 is 'colour', field 2 has 1000000 bytes");
}

TEST(OversizedMessage, ALongKeyIsShownInPartAndAHostileOneAsText) {
  const std::string message = put(std::string(200, 'k') + std::string(300, 'l'), std::string(1'000, 'x'));
  EXPECT_EQ(oversized_text(message.substr(0, 600), Encoding::binary),
            "a call of put: field 1 is '" + std::string(200, 'k') + "' and 300 bytes more, field 2 has 1000 bytes");
  EXPECT_EQ(oversized_text(put("a\nb", std::string(99, 'x')).substr(0, 60), Encoding::binary),
            "a call of put: field 1 is 'a?b', field 2 has 99 bytes");
}

TEST(OversizedMessage, AKeyThatIsTooLargeItselfIsNamedBySize) {
  EXPECT_EQ(oversized_text(put(std::string(500, 'k'), "").substr(0, 100), Encoding::binary),
            "a call of put: field 1 has 500 bytes");
}

TEST(OversizedMessage, EveryBeginningOfAMessageIsTold) {
  const std::string message = put("colour", std::string(100, 'x'));
  for (std::size_t bytes = 0; bytes <= message.size(); ++bytes) {
    EXPECT_FALSE(oversized_text(message.substr(0, bytes), Encoding::binary).empty());
    EXPECT_FALSE(oversized_text(message.substr(0, bytes), Encoding::compact).empty());
  }
}

}  // namespace
}  // namespace p2p::host
