#include "classic/receipts.h"
#include "classic/receipt_wire.h"

#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin{1h};

Receipt receipt(std::uint64_t session = 1) {
  Receipt made;
  made.session = session;
  made.donor = "donor:1";
  made.receiver = "receiver:2";
  made.view = 7;
  made.add(10, 3, 500, 0xfeed, 0xfeed);
  return made;
}

TEST(Receipts, TheFiguresOfBatchesAddUp) {
  Receipt sum = receipt();
  sum.add(1, 1, 20, ~std::uint64_t{0}, 5);
  EXPECT_EQ(sum.keys, 11u);
  EXPECT_EQ(sum.kept, 4u);
  EXPECT_EQ(sum.bytes, 520u);
  EXPECT_EQ(sum.digest_before, 0xfeecu) << "modulo 2^64";
  EXPECT_EQ(sum.digest_after, 0xfeedu + 5);
}

TEST(Receipts, BothSidesAgreeWhenTheyTellOfTheSameKeysWhateverTheirClocksSay) {
  Receipt other = receipt();
  other.started_at_ms = 99;
  other.duration_ms = 99;
  other.is_complete = true;
  EXPECT_TRUE(agree(receipt(), other));
}

TEST(Receipts, AnyOtherDifferenceIsADisagreement) {
  const auto differs = [](auto change) {
    Receipt other = receipt();
    change(other);
    return !agree(receipt(), other) && !agree(other, receipt());
  };
  EXPECT_TRUE(differs([](Receipt& other) { other.session = 2; }));
  EXPECT_TRUE(differs([](Receipt& other) { other.donor = "somebody:1"; }));
  EXPECT_TRUE(differs([](Receipt& other) { other.receiver = "somebody:2"; }));
  EXPECT_TRUE(differs([](Receipt& other) { other.view = 8; }));
  EXPECT_TRUE(differs([](Receipt& other) { --other.keys; }));
  EXPECT_TRUE(differs([](Receipt& other) { --other.kept; }));
  EXPECT_TRUE(differs([](Receipt& other) { --other.bytes; }));
  EXPECT_TRUE(differs([](Receipt& other) { ++other.digest_before; }));
  EXPECT_TRUE(differs([](Receipt& other) { ++other.digest_after; }));
}

TEST(Receipts, WhatArrivedOtherwiseThanItWasSentIsNoAgreement) {
  Receipt harmed = receipt();
  ++harmed.digest_after;
  EXPECT_FALSE(agree(harmed, harmed));
}

TEST(ReceiptBook, WhatArrivesIsOpenUntilTheDonorHasFinished) {
  ReceiptBook book;
  Receipt batch = receipt();
  book.received(batch, {1'000, kBegin});
  book.received(batch, {1'100, kBegin + 100ms});
  ASSERT_EQ(book.all().size(), 1u);
  const Receipt open = book.all().front();
  EXPECT_EQ(open.session, 1u);
  EXPECT_EQ(open.donor, "donor:1");
  EXPECT_EQ(open.receiver, "receiver:2");
  EXPECT_EQ(open.view, 7u);
  EXPECT_EQ(open.keys, 20u);
  EXPECT_EQ(open.kept, 6u);
  EXPECT_EQ(open.bytes, 1'000u);
  EXPECT_EQ(open.digest_after, 2u * 0xfeed);
  EXPECT_EQ(open.started_at_ms, 1'000);
  EXPECT_EQ(open.duration_ms, 100);
  EXPECT_FALSE(open.is_complete);
}

TEST(ReceiptBook, AFinishedTransferIsCompleteWhenTheDonorCountedTheSame) {
  ReceiptBook book;
  book.received(receipt(), {1'000, kBegin});
  Receipt donors = receipt();
  donors.started_at_ms = 900;
  donors.duration_ms = 350;
  const auto ours = book.finished(donors, {1'300, kBegin + 300ms});
  ASSERT_TRUE(ours);
  EXPECT_TRUE(ours->is_complete);
  EXPECT_EQ(ours->started_at_ms, 1'000);
  EXPECT_EQ(ours->duration_ms, 300);
  ASSERT_EQ(book.all().size(), 1u);
  EXPECT_TRUE(book.all().front().is_complete);
  EXPECT_FALSE(book.finished(donors, {1'400, kBegin + 400ms})) << "once";
  EXPECT_EQ(book.all().size(), 1u);
}

TEST(ReceiptBook, ATransferWhoseDonorCountedOtherwiseIsKeptIncomplete) {
  ReceiptBook book;
  book.received(receipt(), {1'000, kBegin});
  Receipt donors = receipt();
  ++donors.keys;
  const auto ours = book.finished(donors, {1'300, kBegin});
  ASSERT_TRUE(ours);
  EXPECT_FALSE(ours->is_complete);
  EXPECT_EQ(ours->keys, 10u) << "ours, not the donor's";
  ASSERT_EQ(book.all().size(), 1u);
  EXPECT_FALSE(book.all().front().is_complete);
}

TEST(ReceiptBook, ADonorWhoseTransferNeverArrivedGetsNoReceipt) {
  ReceiptBook book;
  EXPECT_FALSE(book.finished(receipt(), {1'000, kBegin}));
  EXPECT_TRUE(book.all().empty());
}

TEST(ReceiptBook, TransfersOfDifferentSessionsAreKeptApart) {
  ReceiptBook book;
  book.received(receipt(1), {1'000, kBegin});
  book.received(receipt(2), {1'000, kBegin});
  EXPECT_EQ(book.finished(receipt(2), {1'000, kBegin})->keys, 10u);
  EXPECT_EQ(book.finished(receipt(1), {1'000, kBegin})->keys, 10u);
}

TEST(ReceiptBook, DonorsThatHappenToCountAlikeAreKeptApart) {
  ReceiptBook book;
  Receipt others = receipt();
  others.donor = "another:1";
  book.received(receipt(), {1'000, kBegin});
  book.received(others, {1'000, kBegin});
  ASSERT_EQ(book.all().size(), 2u);
  const auto finished = book.finished(others, {1'000, kBegin});
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->keys, 10u);
  EXPECT_TRUE(finished->is_complete);
  EXPECT_TRUE(book.finished(receipt(), {1'000, kBegin}));
}

TEST(ReceiptBook, AllAreListedInTheOrderInWhichTheyBegan) {
  ReceiptBook book;
  Receipt given = receipt(5);
  given.started_at_ms = 2'000;
  book.received(receipt(9), {3'000, kBegin});
  book.received(receipt(7), {1'000, kBegin});
  book.ended(given);
  std::vector<std::uint64_t> sessions;
  for (const Receipt& one : book.all()) sessions.push_back(one.session);
  EXPECT_EQ(sessions, (std::vector<std::uint64_t>{7, 5, 9}));
}

TEST(ReceiptBook, OnlyTheNewestAreKept) {
  ReceiptBook book;
  for (std::uint64_t session = 1; session <= kReceiptsMax + 2; ++session) {
    Receipt given = receipt(session);
    given.started_at_ms = static_cast<std::int64_t>(session);
    book.ended(given);
  }
  const auto all = book.all();
  EXPECT_EQ(all.size(), kReceiptsMax);
  EXPECT_EQ(all.front().session, 3u);
  EXPECT_EQ(all.back().session, kReceiptsMax + 2);
}

TEST(ReceiptBook, DonorsThatDieDoNotFillTheBook) {
  ReceiptBook book;
  for (std::uint64_t at = 0; at <= kOpenReceiptsMax; ++at) {
    book.received(receipt(1'000 - at), {static_cast<std::int64_t>(at), kBegin + std::chrono::seconds(at)});
  }
  EXPECT_EQ(book.all().size(), kOpenReceiptsMax + 1) << "the oldest is kept among those that ended";
  EXPECT_FALSE(book.finished(receipt(1'000), {0, kBegin})) << "but not open any more";
  EXPECT_TRUE(book.finished(receipt(999), {0, kBegin}));
  EXPECT_TRUE(book.finished(receipt(1'000 - kOpenReceiptsMax), {0, kBegin}));
}

TEST(ReceiptWire, AReceiptThatTravelsStaysTheSame) {
  Receipt sent = receipt(~std::uint64_t{0});
  sent.view = std::uint64_t{1} << 63;
  sent.digest_before = ~std::uint64_t{0} - 1;
  sent.started_at_ms = 1'700'000'000'000;
  sent.duration_ms = 42;
  sent.is_complete = true;
  const Receipt read = from_wire(to_wire(sent));
  EXPECT_EQ(read.session, sent.session);
  EXPECT_EQ(read.donor, sent.donor);
  EXPECT_EQ(read.receiver, sent.receiver);
  EXPECT_EQ(read.view, sent.view);
  EXPECT_EQ(read.keys, 10u);
  EXPECT_EQ(read.kept, 3u);
  EXPECT_EQ(read.bytes, 500u);
  EXPECT_EQ(read.digest_before, sent.digest_before);
  EXPECT_EQ(read.digest_after, sent.digest_after);
  EXPECT_EQ(read.started_at_ms, sent.started_at_ms);
  EXPECT_EQ(read.duration_ms, 42);
  EXPECT_TRUE(read.is_complete);
}

TEST(ReceiptWire, AReceiptIsOneLineOfJson) {
  Receipt written = receipt();
  written.add(0, 0, 0, 0, 1);
  written.started_at_ms = 1'700'000'000'000;
  written.duration_ms = 42;
  EXPECT_EQ(to_json(written),
            R"({"session":"0000000000000001","donor":"donor:1","receiver":"receiver:2","view":"0000000000000007",)"
            R"("keys":10,"kept":3,"bytes":500,"digest_before":"000000000000feed","digest_after":"000000000000feee",)"
            R"("started_at_ms":1700000000000,"duration_ms":42,"complete":false})");
}

}  // namespace
}  // namespace p2p::diststore
