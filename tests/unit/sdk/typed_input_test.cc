// Are the elements of containers held to the types that their readers ask for, in either protocol?
#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <memory>

namespace p2p {
namespace {

using namespace apache::thrift::protocol;  // NOLINT: TType

class TypedInputTest : public ::testing::TestWithParam<Encoding> {
 protected:
  // The arguments of `add`, with a list of visited nodes as the test writes it; true when they could be read.
  template <class WriteElements>
  bool reads(TType element, std::uint32_t count, WriteElements write_elements) {
    Codec codec;
    with_output(codec, GetParam(), [&](auto& out) {
      out.writeStructBegin("");
      out.writeFieldBegin("", T_LIST, 2);
      out.writeListBegin(element, count);
      write_elements(out);
      out.writeListEnd();
      out.writeFieldEnd();
      out.writeFieldStop();
      out.writeStructEnd();
    });
    const std::string written(codec.out().written());
    codec.in().attach(written);
    args_ = std::make_unique<locator::Locator_add_args>();
    try {
      with_arguments(codec, GetParam(), [&](auto& in) { args_->read(&in); });
      return codec.in().unread() == 0;
    } catch (const TProtocolException&) {
      return false;
    }
  }

  std::unique_ptr<locator::Locator_add_args> args_ = std::make_unique<locator::Locator_add_args>();
};

TEST_P(TypedInputTest, ElementsOfTheDeclaredTypeAreRead) {
  const bool is_read = reads(T_STRUCT, 2, [](auto& out) {
    for (const std::int16_t port : {1, 2}) {
      locator::Location address;
      address.address = "a";
      address.port = port;
      address.write(&out);
    }
  });
  EXPECT_TRUE(is_read);
  ASSERT_EQ(args_->authorities.size(), 2u);
  EXPECT_EQ(args_->authorities[1].port, 2);
}

TEST_P(TypedInputTest, ElementsOfAnotherTypeAreNotTakenForThem) {
  EXPECT_FALSE(reads(T_BYTE, 3, [](auto& out) {
    for (int at = 0; at < 3; ++at) out.writeByte(0);
  })) << "zeros look like empty structs";
  EXPECT_FALSE(reads(T_STRING, 1, [](auto& out) { out.writeString(std::string("text")); }));
  EXPECT_FALSE(reads(T_LIST, 1, [](auto& out) { out.writeListBegin(T_STRUCT, 0); }));
}

TEST_P(TypedInputTest, TheTypeOfNoElementsSaysNothing) {
  EXPECT_TRUE(reads(T_I64, 0, [](auto&) {}));
  EXPECT_TRUE(args_->authorities.empty());
}

// A container that the reader does not know is skipped, whatever it holds.
TEST_P(TypedInputTest, WhatIsSkippedIsNotAskedForItsType) {
  Codec codec;
  with_output(codec, GetParam(), [&](auto& out) {
    out.writeStructBegin("");
    out.writeFieldBegin("", T_MAP, 7);
    out.writeMapBegin(T_STRING, T_LIST, 1);
    out.writeString(std::string("key"));
    out.writeListBegin(T_I32, 1);
    out.writeI32(5);
    out.writeFieldEnd();
    out.writeFieldBegin("", T_STRUCT, 1);
    locator::Location address;
    address.address = "a";
    address.write(&out);
    out.writeFieldEnd();
    out.writeFieldStop();
    out.writeStructEnd();
  });
  const std::string written(codec.out().written());
  codec.in().attach(written);
  with_arguments(codec, GetParam(), [&](auto& in) { args_->read(&in); });
  EXPECT_EQ(args_->location.address, "a");
}

INSTANTIATE_TEST_SUITE_P(Encodings, TypedInputTest, ::testing::Values(Encoding::binary, Encoding::compact),
                         [](const auto& tried) { return tried.param == Encoding::binary ? "Binary" : "Compact"; });

}  // namespace
}  // namespace p2p
