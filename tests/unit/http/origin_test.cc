// Whose pages may read what a node tells, by the members that its locator knows; and what a stream asks of that
// locator.
#include "http/event_stream.h"
#include "http/http_server.h"
#include "serving/worker_pool.h"

#include <p2p/handlers.h>

#include <ClusterView.h>
#include <Locator.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {
namespace {

using namespace std::chrono_literals;

class MuteLog final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// Keeps what it is sent.
class Page final : public ReplySink {
 public:
  explicit Page(std::shared_ptr<std::string> read) : read_(std::move(read)) {}
  std::uint64_t begun(bool) override { return next_++; }
  void answered(std::uint64_t, EncodedReply reply) override { *read_ += reply.bytes; }
  void oneway_ended() override {}
  void returned() override {}

 private:
  const std::shared_ptr<std::string> read_;
  std::uint64_t next_ = 0;
};

// A node at 10.0.0.5, and a locator that knows it and 10.0.0.6.
class OriginTest : public ::testing::Test {
 protected:
  static ServingLimits limits() {
    ServingLimits limits;
    limits.frame_bytes_max = limits.reply_bytes_max = 1 << 20;
    limits.call_timeout = Duration(5s);
    return limits;
  }
  std::shared_ptr<ServiceEntry> serve(const std::string& name, std::shared_ptr<Methods> methods) {
    ServiceSpec spec;
    spec.dispatch = Dispatch::io;
    auto entry = router.serve(name, "locator", spec, std::move(methods), 1).value();
    entry->set_gate(GateState::open);
    return entry;
  }
  std::shared_ptr<ServiceEntry> serve_map() {
    auto methods = std::make_shared<Methods>();
    methods->on<cluster_view::ClusterView_state_args, cluster_view::ClusterView_state_presult>(
        "state", [](auto&, auto answer) {
          cluster_view::State state;
          for (const char* address : {"10.0.0.5:9900", "10.0.0.6:9900"}) state.members.emplace_back().address = address;
          answer(state);
        });
    methods->on<cluster_view::ClusterView_watch_args, cluster_view::ClusterView_watch_presult>(
        "watch", [this](auto&, auto answer) {
          ++watches;
          answer(cluster_view::Events());
        });
    return serve("locator.cluster", std::move(methods));
  }
  std::string get(const std::string& path, const std::string& fields) {
    const auto read = std::make_shared<std::string>();
    const OriginRef page(new Page(read));
    const HttpClient who{.is_local = false, .asked_address = "10.0.0.5"};
    http.take(loop, *page, "GET " + path + " HTTP/1.1\r\nHost: 10.0.0.5:9900\r\n" + fields + "\r\n", who);
    while (read->empty()) loop.context().run_one();  // the locator's answer comes in another turn
    return *read;
  }
  bool may_read(const std::string& origin) {
    return get("/healthz", "Origin: " + origin + "\r\n").find("Access-Control-Allow-Origin: " + origin + "\r\n") !=
           std::string::npos;
  }
  bool is_refused(const std::string& fields) { return get("/api/v1/events", fields).starts_with("HTTP/1.1 403 "); }

  MuteLog log;
  Loop loop{0, log};
  BoundedWorkerPool pool{1, 1, log};
  ServiceRouter router{limits(), pool, log};
  MetricRegistry metrics;
  HttpServer http{{.is_local = false}, {router, metrics, [] { return std::string(); }}};
  int watches = 0;
};

TEST_F(OriginTest, PagesOfMembersMayReadAndOthersMayNot) {
  serve_map();
  EXPECT_TRUE(may_read("http://10.0.0.6:9900"));
  EXPECT_TRUE(may_read("http://10.0.0.6:80")) << "ports are not compared";
  EXPECT_TRUE(may_read("http://10.0.0.5:9900"));
  for (const char* site : {"http://10.0.0.7:9900", "https://10.0.0.6:9900", "http://10.0.0.6.evil.example", "null"})
    EXPECT_FALSE(may_read(site)) << site;
}

TEST_F(OriginTest, WhileTheLocatorDoesNotAnswerNoOtherNodesPageMayRead) {
  const auto entry = serve_map();
  entry->set_gate(GateState::closed);
  EXPECT_FALSE(may_read("http://10.0.0.6:9900"));
  EXPECT_TRUE(may_read("http://10.0.0.5:9900")) << "its own";
}

TEST_F(OriginTest, InModeClassicTheMembersAreThoseOfTheLocator) {
  auto methods = std::make_shared<Methods>();
  methods->on<locator::Locator_get_all_args, locator::Locator_get_all_presult>("get_all", [](auto&, auto answer) {
    answer(std::vector<locator::Location>{to_wire({"10.0.0.5", 9900}), to_wire({"10.0.0.6", 9900})});
  });
  serve("locator", std::move(methods));
  EXPECT_TRUE(may_read("http://10.0.0.6:9900"));
  EXPECT_FALSE(may_read("http://10.0.0.7:9900"));
}

TEST_F(OriginTest, EventsAreRefusedToPagesOfOtherSites) {
  serve_map();
  EXPECT_TRUE(is_refused("Origin: http://10.0.0.7\r\n"));
  EXPECT_TRUE(is_refused("Origin: null\r\n"));
  EXPECT_TRUE(is_refused("Sec-Fetch-Site: cross-site\r\n"));
  EXPECT_FALSE(is_refused("Origin: http://10.0.0.6:9900\r\nSec-Fetch-Site: cross-site\r\n"));
  EXPECT_FALSE(is_refused("Sec-Fetch-Site: same-origin\r\n"));
  EXPECT_FALSE(is_refused(""));
}

TEST_F(OriginTest, WhatANodeThatLeavesWaitsForIsNoStream) {
  serve_map();
  const auto locator = serve("locator", std::make_shared<Methods>());
  const auto read = std::make_shared<std::string>();
  const OriginRef page(new Page(read));
  const auto stream = std::make_shared<EventStream>(loop, router, *page, std::make_shared<StreamCount>(0));
  stream->start("head", {});
  while (watches == 0) loop.context().run_one();
  locator->set_gate(GateState::draining);
  while (read->find("\"draining\"") == std::string::npos) loop.context().run_one();
  EXPECT_EQ(watches, 1);
}

}  // namespace
}  // namespace p2p::host
