#include "serving/wire_form.h"

#include "messages.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

std::string frame(const std::string& message) {
  std::string framed(4, '\0');
  framed[2] = static_cast<char>(message.size() >> 8);
  framed[3] = static_cast<char>(message.size());
  return framed + message;
}

TEST(WireForm, EachFormIsDetectedFromItsFirstBytesAndNotBefore) {
  for (const Encoding encoding : {Encoding::binary, Encoding::compact}) {
    for (const bool framed : {false, true}) {
      const std::string call = read_call(encoding, "read", "k", 1);
      const std::string bytes = framed ? frame(call) : call;
      WireForm form;
      std::size_t length = 0;
      while (detect(bytes.substr(0, length), form) == Detection::need_more) ++length;
      EXPECT_LE(length, 6u);
      EXPECT_EQ(detect(bytes.substr(0, length), form), Detection::known);
      EXPECT_EQ(form.framed, framed);
      EXPECT_EQ(form.encoding, encoding);
    }
  }
}

TEST(WireForm, ACapitalLetterBeginsHttp) {
  for (const std::string bytes : {"G", "GET / HTTP/1.1\r\n", "HEAD", "POST", "X"}) {
    WireForm form;
    EXPECT_EQ(detect(bytes, form), Detection::known) << bytes;
    EXPECT_TRUE(form.is_http);
  }
}

TEST(WireForm, ForeignProtocolsAreUnknown) {
  WireForm form;
  for (const std::string bytes : {"\x16\x03\x01\x02\x00\x01", "*1\r\n$4\r\nPING\r\n", "\x80\x02", "\x7f\xff\xff\xff"}) {
    EXPECT_EQ(detect(bytes, form), Detection::unknown) << bytes;
  }
}

}  // namespace
}  // namespace p2p::host
