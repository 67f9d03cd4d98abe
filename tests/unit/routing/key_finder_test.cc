#include "routing/key_finder.h"

#include "key_path.h"

#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <limits>

namespace p2p::host {
namespace {

using namespace apache::thrift::protocol;

class KeyFinderOf : public ::testing::TestWithParam<Encoding> {
 protected:
  template <class Write>
  static std::string written(Write write) {
    Codec codec;
    with_output(codec, GetParam(), [&](auto& out) {
      TProtocol& protocol = out;
      protocol.writeStructBegin("");
      write(protocol);
      protocol.writeFieldStop();
      protocol.writeStructEnd();
    });
    return codec.out().block();
  }

  static std::string key_in(const std::string& arguments, const KeyPath& path) {
    FoundKey found;
    find_key(GetParam(), arguments, path, found);
    return found.fault() == KeyFault::none ? std::string(found.text()) : "(" + found.why(path) + ")";
  }
};
INSTANTIATE_TEST_SUITE_P(BothEncodings, KeyFinderOf, ::testing::Values(Encoding::binary, Encoding::compact));

TEST_P(KeyFinderOf, AStringIsItsBytes) {
  const std::string bytes("k\0\xff", 3);
  const std::string arguments = written([&](TProtocol& out) {
    out.writeFieldBegin("", T_I32, 1);
    out.writeI32(5);
    out.writeFieldBegin("", T_STRING, 2);
    out.writeBinary(bytes);
    out.writeFieldBegin("", T_STRING, 40);
    out.writeBinary("");
  });
  EXPECT_EQ(key_in(arguments, path_of({2})), bytes);
  EXPECT_EQ(key_in(arguments, path_of({40})), "");
}

TEST_P(KeyFinderOf, AnIntegerIsItsDecimalTextWhateverItsWidth) {
  const std::string arguments = written([](TProtocol& out) {
    out.writeFieldBegin("", T_BYTE, 1);
    out.writeByte(-128);
    out.writeFieldBegin("", T_I16, 2);
    out.writeI16(300);
    out.writeFieldBegin("", T_I32, 3);
    out.writeI32(-300);
    out.writeFieldBegin("", T_I64, 4);
    out.writeI64(std::numeric_limits<std::int64_t>::min());
  });
  EXPECT_EQ(key_in(arguments, path_of({1})), "-128");
  EXPECT_EQ(key_in(arguments, path_of({2})), "300");
  EXPECT_EQ(key_in(arguments, path_of({3})), "-300");
  EXPECT_EQ(key_in(arguments, path_of({4})), "-9223372036854775808");
}

TEST_P(KeyFinderOf, TheKeyIsFoundAtEveryDepthOfAPath) {
  KeyPath path;
  std::string arguments = written([&](TProtocol& out) {
    for (std::int16_t level = 1; level < static_cast<std::int16_t>(KeyPath::kDepthMax); ++level) {
      path.ids[path.depth++] = level;
      out.writeFieldBegin("", T_STRUCT, level);
      out.writeStructBegin("");
    }
    path.ids[path.depth++] = 100;
    out.writeFieldBegin("", T_STRING, 100);
    out.writeString("deep");
    for (std::size_t level = 1; level < KeyPath::kDepthMax; ++level) {
      out.writeFieldStop();
      out.writeStructEnd();
    }
  });
  EXPECT_EQ(path.depth, KeyPath::kDepthMax);
  EXPECT_EQ(key_in(arguments, path), "deep");
}

TEST_P(KeyFinderOf, WhatIsNotThereIsMissing) {
  const std::string arguments = written([](TProtocol& out) {
    out.writeFieldBegin("", T_STRUCT, 1);
    out.writeStructBegin("");
    out.writeFieldStop();
    out.writeStructEnd();
  });
  EXPECT_EQ(key_in(arguments, path_of({2})), "(field 2 is not in the arguments)");
  EXPECT_EQ(key_in(arguments, path_of({1, 3})), "(field 1.3 is not in the arguments)");
}

TEST_P(KeyFinderOf, WhatIsNoKeyIsUnfit) {
  const std::string arguments = written([](TProtocol& out) {
    out.writeFieldBegin("", T_BOOL, 1);
    out.writeBool(true);
    out.writeFieldBegin("", T_DOUBLE, 2);
    out.writeDouble(1);
    out.writeFieldBegin("", T_LIST, 3);
    out.writeListBegin(T_STRING, 0);
    out.writeListEnd();
    out.writeFieldBegin("", T_STRING, 4);
    out.writeString("text");
  });
  const std::string words = "; a key is a string, a binary or an integer)";
  EXPECT_EQ(key_in(arguments, path_of({1})), "(field 1 is a bool" + words);
  EXPECT_EQ(key_in(arguments, path_of({2})), "(field 2 is a double" + words);
  EXPECT_EQ(key_in(arguments, path_of({3})), "(field 3 is a list" + words);
  EXPECT_EQ(key_in(arguments, path_of({4, 1})), "(field 4 is a string, and the key is looked for inside a struct)");
}

TEST_P(KeyFinderOf, AFieldThatComesTwiceIsNoKey) {
  const std::string arguments = written([](TProtocol& out) {
    for (const char* value : {"one", "two"}) {
      out.writeFieldBegin("", T_STRING, 1);
      out.writeString(value);
      out.writeFieldBegin("", T_STRUCT, 2);
      out.writeStructBegin("");
      out.writeFieldBegin("", T_STRING, 1);
      out.writeString(value);
      out.writeFieldStop();
      out.writeStructEnd();
    }
  });
  EXPECT_EQ(key_in(arguments, path_of({1})), "(field 1 is in the arguments more than once)");
  EXPECT_EQ(key_in(arguments, path_of({2, 1})), "(field 2 is in the arguments more than once)");
}

TEST_P(KeyFinderOf, ArgumentsThatAreCutOffBehindTheKeyMakeNoSense) {
  std::string arguments = written([](TProtocol& out) {
    out.writeFieldBegin("", T_STRING, 1);
    out.writeString("key");
  });
  arguments.pop_back();
  EXPECT_EQ(key_in(arguments, path_of({1})), "(the arguments make no sense: the message is cut off)");
}

// Generated readers skip such a field, and the call would run with no key at all.
TEST_P(KeyFinderOf, AKeyOfAnotherKindThanTheServiceDeclaresIsUnfit) {
  const std::string arguments = written([](TProtocol& out) {
    out.writeFieldBegin("", T_I32, 1);
    out.writeI32(5);
  });
  KeyPath path = path_of({1});
  for (const FieldKind kind : {FieldKind::stop, FieldKind::i32}) {
    path.kind = kind;
    FoundKey found;
    find_key(GetParam(), arguments, path, found);
    EXPECT_EQ(found.fault(), KeyFault::none);
    EXPECT_EQ(found.text(), "5");
  }
  path.kind = FieldKind::text;
  FoundKey found;
  find_key(GetParam(), arguments, path, found);
  EXPECT_EQ(found.fault(), KeyFault::unfit);
  EXPECT_EQ(found.why(path), "field 1 is an i32; the service declares a string");
}

}  // namespace
}  // namespace p2p::host
