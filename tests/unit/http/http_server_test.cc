// What is answered to which request, without a socket.
#include "http/http_server.h"

#include "serving/loop.h"
#include "serving/worker_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace p2p::host {
namespace {

class NoLog final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// A connection that keeps what it is to send.
class Client final : public ReplySink {
 public:
  explicit Client(std::vector<std::string>& answers) : answers_(answers) {}
  std::uint64_t begun(bool) override { return next_++; }
  void answered(std::uint64_t, EncodedReply reply) override { answers_.emplace_back(reply.bytes); }
  void oneway_ended() override {}
  void returned() override {}

 private:
  std::vector<std::string>& answers_;
  std::uint64_t next_ = 0;
};

class HttpServerTest : public ::testing::Test {
 protected:
  // Of a client of this machine.
  std::string ask(const std::string& request) { return ask(http, request, here); }
  std::string ask(HttpServer& server, const std::string& request, const HttpClient& who) {
    answers.clear();
    const OriginRef client(new Client(answers));
    stays_open = server.take(loop, *client.get(), request, who) == HttpTaken::more;
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? std::string() : answers.front();
  }
  std::string get(const std::string& path) { return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"); }
  static int status(const std::string& answer) { return std::stoi(answer.substr(answer.find(' ') + 1)); }
  static std::string body(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

  const HttpClient here{.is_local = true, .asked_address = "127.0.0.1"};
  const HttpClient here_by_the_network{.is_local = true, .asked_address = "10.0.0.5"};
  const HttpClient elsewhere{.is_local = false, .asked_address = "10.0.0.5"};
  NoLog log;
  Loop loop{0, log};
  BoundedWorkerPool pool{1, 1, log};
  ServiceRouter router{ServingLimits{}, pool, log};
  MetricRegistry metrics;
  std::string why_not_ready;
  HttpServer::Sources sources{router, metrics, [this] { return why_not_ready; }};
  HttpServer http{{}, sources};
  HttpServer http_of_others{{.is_local = false, .names = {"node1"}}, sources};
  std::vector<std::string> answers;
  bool stays_open = false;
};

TEST_F(HttpServerTest, TheProcessLivesWheneverItAnswers) {
  why_not_ready = "starting";
  EXPECT_EQ(status(get("/healthz")), 200);
  EXPECT_TRUE(stays_open);
}

TEST_F(HttpServerTest, ANodeThatDoesNotServeSaysWhy) {
  EXPECT_EQ(status(get("/readyz")), 200);
  why_not_ready = "draining: the node is leaving";
  EXPECT_EQ(status(get("/readyz")), 503);
  EXPECT_EQ(body(get("/readyz")), "draining: the node is leaving\n");
}

TEST_F(HttpServerTest, HeadSaysHowLongTheAnswerWouldBe) {
  const std::string answer = ask("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_EQ(body(answer), "");
}

TEST_F(HttpServerTest, APathThatIsNotThereGetsTheListOfThoseThatAre) {
  for (const char* path : {"/nope", "/metrics/", "/../metrics", "//metrics", "/%6detrics", "/METRICS",
                           "/metrics/../healthz", "/api/v1/status", "/api/v1/../v1/status.json"}) {
    const std::string answer = get(path);
    EXPECT_EQ(status(answer), 404) << path;
    EXPECT_NE(body(answer).find("/metrics\n"), std::string::npos);
  }
  EXPECT_EQ(status(get("/metrics?name=x")), 200);
}

TEST_F(HttpServerTest, NothingIsChangedOverHttp) {
  const std::string answer = ask("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status(answer), 405);
  EXPECT_NE(answer.find("Allow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_FALSE(stays_open) << "a body may follow";
}

TEST_F(HttpServerTest, AForeignNameIsMisdirected) {
  EXPECT_EQ(status(ask("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n")), 421);
  EXPECT_EQ(status(ask("GET /metrics HTTP/1.1\r\nHost: 10.0.0.5\r\n\r\n")), 421);
}

TEST_F(HttpServerTest, OtherMachinesAreAnsweredOnTheListenerForThemAlone) {
  EXPECT_EQ(status(std::string(http.opened(elsewhere))), 403);
  EXPECT_EQ(http_of_others.opened(elsewhere), "");
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: 10.0.0.5\r\n\r\n";
  EXPECT_EQ(status(ask(http_of_others, request, elsewhere)), 200);
  EXPECT_EQ(status(ask(http_of_others, "GET /healthz HTTP/1.1\r\nHost: node1:9901\r\n\r\n", elsewhere)), 200);
  EXPECT_EQ(status(ask(http_of_others, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", elsewhere)), 421);
}

TEST_F(HttpServerTest, TheAddressThatWasAskedIsOurs) {
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: 10.0.0.5:9900\r\n\r\n";
  EXPECT_EQ(http.opened(here_by_the_network), "");
  EXPECT_EQ(status(ask(http, request, here_by_the_network)), 200);
  EXPECT_EQ(status(ask(http, request, here)), 421);
  EXPECT_EQ(status(ask(http, "GET /healthz HTTP/1.1\r\nHost: [::1\r\n\r\n", {.is_local = true})), 421);
}

TEST_F(HttpServerTest, AClientBeyondTheLimitGetsOneAnswer) {
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string answer = ask(http, request, {.is_local = true, .is_beyond_limit = true});
  EXPECT_EQ(status(answer), 200);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_FALSE(stays_open);
}

TEST_F(HttpServerTest, NothingIsKeptOrGuessedByABrowser) {
  const std::string answer = get("/healthz");
  EXPECT_NE(answer.find("Cache-Control: no-store\r\n"), std::string::npos);
  EXPECT_NE(answer.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("Access-Control"), std::string::npos);
}

TEST_F(HttpServerTest, AServiceThatIsNotThereIsUnavailable) {
  EXPECT_EQ(status(get("/api/v1/status.json")), 503);
  EXPECT_EQ(status(get("/api/v1/members.json")), 503);
  EXPECT_EQ(status(get("/api/v1/map.json")), 404) << "as of a node of mode classic";
}

TEST_F(HttpServerTest, RefusalsAreCounted) {
  get("/healthz");
  get("/nope");
  EXPECT_EQ(loop.traffic().http_requests.value(), 2);
  EXPECT_EQ(loop.traffic().http_refusals.value(), 1);
}

TEST_F(HttpServerTest, OnlySoManyConnectionsSpeakHttp) {
  for (std::int64_t at = 0; at < kHttpConnectionsMax; ++at) EXPECT_EQ(http.opened(here), "");
  EXPECT_EQ(status(std::string(http.opened(here))), 503);
  EXPECT_EQ(status(std::string(http.opened(elsewhere))), 403);
  http.closed();
  EXPECT_EQ(http.opened(here), "") << "who is refused takes no place";
}

}  // namespace
}  // namespace p2p::host
