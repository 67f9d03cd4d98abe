// Runs the fuzzer's entry on messages that Thrift wrote and on randomly damaged ones, the same on every run.
#include "key_finder_entry.h"

#include "mutilate.h"
#include "random_struct.h"

#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <map>

namespace p2p::fuzz {
namespace {

using namespace apache::thrift::protocol;

std::string call_head(Encoding encoding, std::mt19937& random) {
  Codec codec;
  const char* const names[] = {"get", "counter:increment", "a.very.long.name.of.a.service:and_of_a_method"};
  const TMessageType type = random() % 4 == 0 ? T_ONEWAY : T_CALL;
  with_output(codec, encoding, [&](auto& out) {
    out.writeMessageBegin(names[random() % 3], type, static_cast<std::int32_t>(random()));
  });
  return codec.out().block();
}

char first_byte(Encoding encoding, std::uint32_t levels, std::size_t declared) {
  return static_cast<char>(declared << 4 | (levels - 1) << 1 | (encoding == Encoding::compact ? 1 : 0));
}

// An input for the entry: a path of small field ids, as in the random structs, and a message. Half of the inputs
// declare the key's kind.
std::string random_input(std::mt19937& random, int depth) {
  const Encoding encoding = random() % 2 == 0 ? Encoding::binary : Encoding::compact;
  const std::uint32_t levels = random() % 3 == 0 ? 1 + random() % 3 : 1;
  std::string input(1, first_byte(encoding, levels, random() % 2 == 0 ? 0 : random() % kDeclaredKinds.size()));
  for (std::uint32_t level = 0; level < levels; ++level) input += static_cast<char>(random() % 20);
  return input + call_head(encoding, random) + random_struct(encoding, random, depth);
}

TEST(KeyFinderFuzz, WhatThriftWroteHasTheKeysThatThriftReads) {
  std::mt19937 random(1);
  std::map<Outcome, int> outcomes;
  for (int round = 0; round < 90'000 / kRoundsShare; ++round) ++outcomes[try_key_finder(random_input(random, 4))];
  EXPECT_EQ(outcomes[Outcome::no_call], 0);
  EXPECT_EQ(outcomes[Outcome::malformed], 0);
  EXPECT_GT(outcomes[Outcome::found], 2'000 / kRoundsShare);
  EXPECT_GT(outcomes[Outcome::no_key], 5'000 / kRoundsShare);
}

// Arguments with a single field, of id 1 and the given kind.
std::string one_field(Encoding encoding, FieldKind kind) {
  Codec codec;
  with_output(codec, encoding, [&](auto& out) {
    out.writeStructBegin("");
    out.writeFieldBegin("", static_cast<TType>(kind), 1);
    if (kind == FieldKind::text) out.writeString(std::string("7"));
    if (kind == FieldKind::byte) out.writeByte(7);
    if (kind == FieldKind::i16) out.writeI16(7);
    if (kind == FieldKind::i32) out.writeI32(7);
    if (kind == FieldKind::i64) out.writeI64(7);
    out.writeFieldStop();
    out.writeStructEnd();
  });
  return codec.out().block();
}

TEST(KeyFinderFuzz, AKeyIsOfTheDeclaredKindOrNone) {
  std::mt19937 random(4);
  for (const Encoding encoding : {Encoding::binary, Encoding::compact}) {
    for (std::size_t declared = 0; declared < kDeclaredKinds.size(); ++declared) {
      for (std::size_t written = 1; written < kDeclaredKinds.size(); ++written) {
        const std::string input = std::string(1, first_byte(encoding, 1, declared)) + '\1' +
                                  call_head(encoding, random) + one_field(encoding, kDeclaredKinds[written]);
        EXPECT_EQ(try_key_finder(input), declared == 0 || declared == written ? Outcome::found : Outcome::no_key)
            << declared << ' ' << written;
      }
    }
  }
}

TEST(KeyFinderFuzz, MutilatedMessagesHaveTheKeyThatThriftReadsOrNone) {
  std::mt19937 random(2);
  std::map<Outcome, int> outcomes;
  for (int round = 0; round < 150'000 / kRoundsShare; ++round) {
    std::string input = random_input(random, 2);
    mutilate(input, random);
    ++outcomes[try_key_finder(input)];
  }
  for (const Outcome outcome : {Outcome::no_call, Outcome::found, Outcome::no_key, Outcome::malformed}) {
    EXPECT_GT(outcomes[outcome], 500 / kRoundsShare) << static_cast<int>(outcome);
  }
}

TEST(KeyFinderFuzz, DeepNestingIsRefusedAndNotFollowed) {
  std::mt19937 random(3);
  for (const Encoding encoding : {Encoding::binary, Encoding::compact}) {
    const bool is_binary = encoding == Encoding::binary;
    // A struct, a list and a map, each holding another of its kind: in field 1, or as its first element.
    const std::string kinds[] = {is_binary ? std::string("\x0c\0\1", 3) : "\x1c",
                                 is_binary ? std::string("\x0f\0\1\x0f\0\0\0\1", 8) : "\x19\x19",
                                 is_binary ? std::string("\x0d\0\1\x0d\x0d\0\0\0\1", 9) : "\x1b\x01\xbb"};
    for (const std::string& kind : kinds) {
      for (const std::size_t levels : {std::size_t{63}, std::size_t{64}, std::size_t{65}, std::size_t{500'000}}) {
        for (std::uint32_t path = 1; path <= 8; ++path) {
          std::string input(1, static_cast<char>((path - 1) << 1 | (is_binary ? 0 : 1)));
          input += std::string(path, '\1') + call_head(encoding, random);
          for (std::size_t level = 0; level < levels; ++level) input += kind;
          EXPECT_NE(try_key_finder(input + std::string(levels, '\0')), Outcome::found);
          EXPECT_NE(try_key_finder(input), Outcome::found);
          if (levels > 1'000) break;
        }
      }
    }
  }
}

}  // namespace
}  // namespace p2p::fuzz
