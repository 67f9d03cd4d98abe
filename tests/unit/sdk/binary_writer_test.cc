// What a BinaryPiece writes is strict binary Thrift, byte by byte.
#include <p2p/binary_writer.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace p2p {
namespace {

using namespace std::string_view_literals;

TEST(BinaryWriter, NumbersAreBigEndian) {
  BinaryPiece<64> piece;
  piece.byte(0x81);
  piece.i32(-2);
  piece.i64(0x0102030405060708);
  piece.boolean(true);
  piece.length(0x01020304);
  EXPECT_EQ(piece.written(), "\x81\xff\xff\xff\xfe\x01\x02\x03\x04\x05\x06\x07\x08\x01\x01\x02\x03\x04"sv);
}

TEST(BinaryWriter, AMessageIsVersionTypeNameAndSequence) {
  BinaryPiece<16> piece;
  piece.message(2, "read", 7);
  EXPECT_EQ(piece.written(), "\x80\x01\x00\x02\x00\x00\x00\x04read\x00\x00\x00\x07"sv);
}

TEST(BinaryWriter, AFieldIsItsKindAndItsNumber) {
  BinaryPiece<7> piece;
  piece.field(12, 0x0102);
  piece.field(10, -1);
  piece.stop();
  EXPECT_EQ(piece.written(), "\x0c\x01\x02\x0a\xff\xff\x00"sv);
}

}  // namespace
}  // namespace p2p
