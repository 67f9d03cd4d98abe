// How long a page hears of what happens, and how much may wait for it, without a socket.
#include "http/event_stream.h"

#include "http/http_server.h"
#include "http/page_file.h"
#include "serving/worker_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace p2p::host {
namespace {

class SilentLog final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// A connection as a stream sees it.
class Reader final : public ReplySink {
 public:
  struct Seen {
    std::vector<std::string> pieces;
    std::set<std::uint64_t> open;
    std::size_t unread = 0;
    bool is_gone = false;
  };
  explicit Reader(Seen& seen) : seen_(seen) {}
  std::uint64_t begun(bool) override {
    seen_.open.insert(next_);
    return next_++;
  }
  void answered(std::uint64_t call, EncodedReply reply) override {
    EXPECT_EQ(seen_.open.erase(call), 1u) << "answered once";
    if (!reply.bytes.empty()) seen_.pieces.emplace_back(reply.bytes);
  }
  void oneway_ended() override {}
  void returned() override {}
  bool is_gone() const noexcept override { return seen_.is_gone; }
  std::size_t unsent_bytes() const noexcept override { return seen_.unread; }

 private:
  Seen& seen_;
  std::uint64_t next_ = 0;
};

class EventStreamTest : public ::testing::Test {
 protected:
  HttpTaken open(HttpServer& server, Reader::Seen& seen, bool is_beyond_limit = false, const std::string& fields = {}) {
    const HttpClient who{.is_local = true, .asked_address = "127.0.0.1", .is_beyond_limit = is_beyond_limit};
    const OriginRef reader(new Reader(seen));
    return server.take(loop, *reader, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n", who);
  }
  // Until what the streams' timers do next is done.
  void turn() { loop.context().run_one(); }

  SilentLog log;
  Loop loop{0, log};
  BoundedWorkerPool pool{1, 1, log};
  ServiceRouter router{ServingLimits{}, pool, log};
  MetricRegistry metrics;
  HttpServer http{{}, {router, metrics, [] { return std::string(); }}};
};

TEST_F(EventStreamTest, AStreamBeginsAndStaysOpen) {
  Reader::Seen seen;
  EXPECT_EQ(open(http, seen), HttpTaken::stream);
  ASSERT_EQ(seen.pieces.size(), 1u);
  EXPECT_NE(seen.pieces[0].find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_EQ(seen.pieces[0].find("Content-Length"), std::string::npos);
  EXPECT_EQ(seen.open.size(), 1u) << "so its connection is not idle";
}

TEST_F(EventStreamTest, OneMoreThanTheLimitIsRefused) {
  std::vector<Reader::Seen> seen(kEventStreamsMax + 1);
  for (std::int64_t number = 0; number < kEventStreamsMax; ++number)
    EXPECT_EQ(open(http, seen[static_cast<std::size_t>(number)]), HttpTaken::stream);
  EXPECT_EQ(open(http, seen.back()), HttpTaken::last);
  EXPECT_TRUE(seen.back().pieces.at(0).starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(seen.back().open.empty());
}

TEST_F(EventStreamTest, APageOfAnotherSiteTakesNoPlace) {
  for (const char* fields : {"Origin: http://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"}) {
    Reader::Seen seen;
    open(http, seen, false, fields);
    EXPECT_TRUE(seen.pieces.at(0).starts_with("HTTP/1.1 403 ")) << fields;
    EXPECT_TRUE(seen.open.empty()) << fields;
  }
  Reader::Seen seen;
  open(http, seen, false, "Origin: http://127.0.0.1:9901\r\nSec-Fetch-Site: cross-site\r\n");
  EXPECT_TRUE(seen.pieces.at(0).starts_with("HTTP/1.1 200 "));
}

TEST_F(EventStreamTest, WhoHasNoPlaceAmongTheClientsGetsNone) {
  Reader::Seen seen;
  EXPECT_EQ(open(http, seen, true), HttpTaken::last);
  EXPECT_TRUE(seen.pieces.at(0).starts_with("HTTP/1.1 503 "));
}

TEST_F(EventStreamTest, AReaderThatLeavesTooMuchUnreadIsEndedAndItsPlaceIsFree) {
  const auto count = std::make_shared<StreamCount>(0);
  Reader::Seen seen;
  {
    const OriginRef reader(new Reader(seen));
    std::make_shared<EventStream>(loop, router, *reader, count)->start("head", {});
  }
  EXPECT_EQ(count->load(), 1);
  seen.unread = kUnreadEventBytesMax + 1;
  turn();
  EXPECT_TRUE(seen.open.empty());
  EXPECT_EQ(seen.pieces.size(), 1u) << "nothing more is sent";
  EXPECT_EQ(count->load(), 0);
}

TEST_F(EventStreamTest, AConnectionThatHasGoneEndsItsStream) {
  const auto count = std::make_shared<StreamCount>(0);
  Reader::Seen seen;
  {
    const OriginRef reader(new Reader(seen));
    std::make_shared<EventStream>(loop, router, *reader, count)->start("head", {});
  }
  seen.is_gone = true;
  turn();
  EXPECT_TRUE(seen.open.empty());
  EXPECT_EQ(count->load(), 0);
}

TEST(EventText, APlaceIsReadAsItIsWritten) {
  const EventPlace read = read_event_id(event_id({"0a1b", 17}));
  EXPECT_EQ(read.cluster, "0a1b");
  EXPECT_EQ(read.epoch, 17);
}

TEST(EventText, WhatIsNoPlaceIsTheBeginning) {
  for (const char* id : {"", ".", "17", "a.", ".17", "a.-1", "a.1x", "a.99999999999999999999"}) {
    EXPECT_EQ(read_event_id(id).cluster, "") << id;
    EXPECT_EQ(read_event_id(id).epoch, 0) << id;
  }
  EXPECT_EQ(read_event_id(std::string(65, 'a') + ".1").epoch, 0);
}

TEST(EventText, OfManyEventsTheLastAreToldAndThatSomeAreMissing) {
  cluster_view::Events told;
  told.cluster = "c";
  told.epoch = 300;
  for (std::size_t number = 0; number <= kEventsReplayedMax; ++number) {
    cluster_view::Event event;
    event.kind = cluster_view::EventKind::down;
    event.node = "10.0.0.1:" + std::to_string(number) + "\n\ndata: forged";
    told.events.push_back(event);
  }
  const std::string text = cluster_events(told);
  EXPECT_TRUE(text.starts_with("event: missed\n"));
  EXPECT_EQ(text.find("10.0.0.1:0\\n"), std::string::npos);
  EXPECT_EQ(text.find("\ndata: forged"), std::string::npos);
  EXPECT_TRUE(text.find("id: c.300\n") != std::string::npos);
  EXPECT_TRUE(text.ends_with("\n\n"));
}

TEST(EventText, ThatSomeAreMissingIsToldWithoutAnyToo) {
  cluster_view::Events told;
  told.cluster = "c";
  told.epoch = 300;
  EXPECT_EQ(cluster_events(told), "");
  told.missed = true;
  EXPECT_EQ(cluster_events(told), "event: missed\nid: c.300\ndata: {\"epoch\":300}\n\n");
}

// --- the page --------------------------------------------------------------------------------------------------------

class PageTest : public EventStreamTest {
 protected:
  std::string get(const std::string& path, const std::string& fields = {}) {
    Reader::Seen seen;
    const OriginRef reader(new Reader(seen));
    const HttpClient who{.is_local = true, .asked_address = "127.0.0.1"};
    http.take(loop, *reader, "GET " + path + " HTTP/1.1\r\nHost: localhost:9900\r\n" + fields + "\r\n", who);
    return seen.pieces.empty() ? std::string() : seen.pieces.front();
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
};

TEST_F(PageTest, ThePageIsOneFileWithAStrictPolicy) {
  const std::string answer = get("/");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(has(answer, "Content-Security-Policy: default-src 'none'; script-src 'sha256-"));
  EXPECT_FALSE(has(answer.substr(0, answer.find("\r\n\r\n")), "unsafe"));
  EXPECT_FALSE(has(answer, "@@"));
  EXPECT_FALSE(has(answer, " src=")) << "it loads nothing";
}

TEST_F(PageTest, WhoHasThePageIsNotSentItAgain) {
  const std::string answer = get("/", "If-None-Match: " + std::string(kPageTag) + "\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 304 "));
  EXPECT_TRUE(has(answer, "Content-Security-Policy: "));
  EXPECT_FALSE(has(answer, "<!doctype"));
}

TEST_F(PageTest, PagesOfThisMachineAloneMayReadOnLoopback) {
  EXPECT_TRUE(has(get("/healthz", "Origin: http://127.0.0.1:9901\r\n"),
                  "Access-Control-Allow-Origin: http://127.0.0.1:9901\r\n"));
  EXPECT_TRUE(has(get("/healthz", "Origin: http://[::1]:9901\r\n"), "Access-Control-Allow-Origin: "));
  for (const char* site :
       {"http://evil.example", "http://10.0.0.6:9900", "https://127.0.0.1", "null", "http://127.0.0.1.evil.example"})
    EXPECT_FALSE(has(get("/healthz", "Origin: " + std::string(site) + "\r\n"), "Access-Control")) << site;
  EXPECT_FALSE(has(get("/healthz"), "Access-Control"));
}

}  // namespace
}  // namespace p2p::host
