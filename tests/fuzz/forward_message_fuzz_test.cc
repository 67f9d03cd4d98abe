// The fuzzer's entry on calls and replies that nodes and Thrift have written and chance has mutilated, the same on
// every run.
#include "forward_message_entry.h"

#include "mutilate.h"
#include "random_struct.h"
#include "serving/forward_message.h"

#include <p2p/handlers.h>

#include <Peer.h>

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace p2p::fuzz {
namespace {

using namespace apache::thrift::protocol;

using Outcomes = std::map<std::pair<ForwardForm, ForwardOutcome>, int>;

constexpr ForwardForm kForms[] = {ForwardForm::binary_call, ForwardForm::compact_call, ForwardForm::reply};

std::string random_bytes(std::mt19937& random, std::size_t bytes_max) {
  std::string bytes(random() % (bytes_max + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Fields of every kind at small ids, those of the message too, without the stop behind them.
std::string random_fields(Encoding encoding, std::mt19937& random) {
  std::string fields = random_struct(encoding, random, 2);
  fields.pop_back();
  return fields;
}

template <class Struct>
std::string encoded(Encoding encoding, const Struct& written) {
  Codec codec;
  with_output(codec, encoding, [&](auto& out) { written.write(&out); });
  return codec.out().block();
}

peer::Peer_forward_args random_arguments(std::mt19937& random) {
  peer::Peer_forward_args arguments;
  arguments.view = static_cast<std::int64_t>(random()) << 32 | random();
  arguments.hops = static_cast<std::int32_t>(random() % 4);
  arguments.target = random() % 2 == 0 ? "counter" : random_bytes(random, 20);
  arguments.encoding = random() % 2 == 0 ? peer::Encoding::compact : peer::Encoding::strict_binary;
  arguments.message = random_bytes(random, random() % 8 == 0 ? 300 : 40);
  return arguments;
}

// As nodes write it, without its head.
std::string random_reply(std::mt19937& random) {
  std::string reply;
  const host::Envelope envelope{static_cast<std::int32_t>(random()), Encoding::binary};
  if (random() % 3 == 0) {
    host::append_disagreement(reply, envelope, random(), random_bytes(random, 60));
  } else {
    host::append_forward_reply(reply, envelope,
                               random() % 2 == 0 ? host::ForwardStatus::answered : host::ForwardStatus::refused,
                               random_bytes(random, 60));
  }
  return reply.substr(host::read_head(reply, Encoding::binary).value().bytes);
}

std::string good_message(ForwardForm form, std::mt19937& random) {
  if (form == ForwardForm::reply) return random_reply(random);
  return encoded(form == ForwardForm::compact_call ? Encoding::compact : Encoding::binary, random_arguments(random));
}

std::string input_of(ForwardForm form, const std::string& message) { return static_cast<char>(form) + message; }

TEST(ForwardMessageFuzz, WhatWasWrittenIsReadAsItWas) {
  std::mt19937 random(1);
  for (int round = 0; round < 10'000; ++round) {
    for (const ForwardForm form : kForms) {
      EXPECT_EQ(try_forward_message(input_of(form, good_message(form, random))), ForwardOutcome::read);
    }
    for (const Encoding encoding : {Encoding::binary, Encoding::compact}) {
      const peer::Peer_forward_args sent = random_arguments(random);
      const std::string bytes = encoded(encoding, sent);
      const auto read = host::read_forward(bytes, encoding);
      ASSERT_TRUE(read);
      EXPECT_EQ(read->view, sent.view);
      EXPECT_EQ(read->hops, sent.hops);
      EXPECT_EQ(read->encoding == Encoding::compact, sent.encoding == peer::Encoding::compact);
      EXPECT_EQ(read->target, sent.target);
      EXPECT_EQ(read->message, sent.message);
    }
  }
}

TEST(ForwardMessageFuzz, MutilatedMessagesAreReadAsThriftReadsThemOrRefused) {
  std::mt19937 random(2);
  Outcomes outcomes;
  for (int round = 0; round < 60'000; ++round) {
    for (const ForwardForm form : kForms) {
      std::string message = good_message(form, random);
      // In front, fields of later versions and ours of other kinds; compact ids, differences, move along with them.
      const Encoding encoding = form == ForwardForm::compact_call ? Encoding::compact : Encoding::binary;
      if (random() % 4 == 0) message.insert(0, random_fields(encoding, random));
      mutilate(message, random);
      ++outcomes[{form, try_forward_message(input_of(form, message))}];
    }
  }
  for (const ForwardForm form : kForms) {
    for (const ForwardOutcome outcome : {ForwardOutcome::refused, ForwardOutcome::read}) {
      EXPECT_GT((outcomes[{form, outcome}]), 2'000) << static_cast<int>(form) << ' ' << static_cast<int>(outcome);
    }
  }
}

TEST(ForwardMessageFuzz, RandomBytesAreReadAsThriftReadsThemOrRefused) {
  std::mt19937 random(3);
  for (int round = 0; round < 100'000; ++round) {
    for (const ForwardForm form : kForms) try_forward_message(input_of(form, random_bytes(random, 60)));
  }
  EXPECT_EQ(try_forward_message(""), ForwardOutcome::refused);
  for (const ForwardForm form : kForms) EXPECT_EQ(try_forward_message(input_of(form, "")), ForwardOutcome::refused);
}

TEST(ForwardMessageFuzz, EveryBeginningOfAMessageIsRefused) {
  std::mt19937 random(4);
  for (const ForwardForm form : kForms) {
    const std::string message = good_message(form, random);
    for (std::size_t bytes = 0; bytes < message.size(); ++bytes) {
      EXPECT_EQ(try_forward_message(input_of(form, message.substr(0, bytes))), ForwardOutcome::refused) << bytes;
    }
  }
}

TEST(ForwardMessageFuzz, DeepNestingIsRefusedAndNotFollowed) {
  std::mt19937 random(5);
  for (const ForwardForm form : kForms) {
    const bool is_compact = form == ForwardForm::compact_call;
    // A struct in field 7 of the arguments, or in field 0 of the result, that holds a struct and so on.
    std::string deep(form == ForwardForm::reply ? std::string("\x0c\0\0", 3)
                                                : (is_compact ? "\x7c" : std::string("\x0c\0\7", 3)));
    for (int level = 0; level < 500'000; ++level) deep += is_compact ? std::string("\x7c") : std::string("\x0c\0\7", 3);
    EXPECT_EQ(try_forward_message(input_of(form, deep)), ForwardOutcome::refused);
    EXPECT_EQ(try_forward_message(input_of(form, deep + std::string(500'001, '\0') + good_message(form, random))),
              ForwardOutcome::refused);
  }
}

}  // namespace
}  // namespace p2p::fuzz
