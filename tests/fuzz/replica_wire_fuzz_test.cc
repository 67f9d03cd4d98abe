// The fuzzer's entry on what stores have written and chance has mutilated, the same on every run.
#include "replica_wire_entry.h"

#include "mutilate.h"
#include "random_messages.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>

namespace p2p::fuzz {
namespace {

using namespace diststore::agreed;

// Of a binary message: version and type, the name with its length, the sequence number.
std::string without_head(const std::string& message) {
  constexpr std::size_t kWithoutName = 12;
  return message.substr(kWithoutName + static_cast<std::uint8_t>(message[7]));
}

std::string reply_head() {
  return {
      "\x80\x01\x00\x02\x00\x00\x00\x07"
      "deliver\x00\x00\x00\x00",
      19};
}

using Message = std::pair<ReplicaForm, std::string>;

Message message_of(unsigned seed) {
  RandomMessages random(seed);
  const auto form = static_cast<ReplicaForm>(seed % kReplicaFormsCount);
  std::string reply = reply_head();
  switch (form) {
    case ReplicaForm::said:
      return {form, without_head(wire::encode_answer(random.session(), random.numbered()))};
    case ReplicaForm::open:
      return {form, without_head(wire::encode_open(random.session(), std::string(16, 'a'), std::string(16, 'b')))};
    case ReplicaForm::end:
      return {form, without_head(wire::encode_end(random.session()))};
    case ReplicaForm::delivered:
      wire::append_delivered(reply, {.is_taken = true, .answers = random.numbered()});
      break;
    case ReplicaForm::opened:
      wire::append_opened(reply, false, "it is another");
      break;
    case ReplicaForm::answered:
      wire::append_answered(reply, true);
      break;
  }
  return {form, reply};
}

std::string input_of(const Message& message) { return static_cast<char>(message.first) + message.second; }

TEST(ReplicaWireFuzz, WhatWasWrittenIsRead) {
  for (unsigned seed = 0; seed < 6'000; ++seed)
    EXPECT_EQ(try_replica_wire(input_of(message_of(seed))), ReplicaOutcome::read) << seed;
}

TEST(ReplicaWireFuzz, MutilatedMessagesAreReadOrRefused) {
  std::mt19937 random(2);
  std::map<std::pair<ReplicaForm, ReplicaOutcome>, int> outcomes;
  for (unsigned seed = 0; seed < 60'000 / kRoundsShare; ++seed) {
    Message message = message_of(seed);
    mutilate(message.second, random);
    ++outcomes[{message.first, try_replica_wire(input_of(message))}];
  }
  for (unsigned form = 0; form < kReplicaFormsCount; ++form)
    for (const ReplicaOutcome outcome : {ReplicaOutcome::refused, ReplicaOutcome::read})
      EXPECT_GT((outcomes[{static_cast<ReplicaForm>(form), outcome}]), 20 / kRoundsShare)
          << form << ' ' << static_cast<int>(outcome);
}

TEST(ReplicaWireFuzz, RandomBytesAreRefused) {
  std::mt19937 random(3);
  for (int round = 0; round < 100'000 / kRoundsShare; ++round) {
    std::string bytes(1 + random() % 60, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(try_replica_wire(bytes), ReplicaOutcome::refused);
  }
}

}  // namespace
}  // namespace p2p::fuzz
