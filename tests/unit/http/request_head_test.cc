// What is an HTTP request, and what is none?
#include "http/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace p2p::host {
namespace {

HttpRequest read(const std::string& head) { return read_request(head); }

std::string with_fields(const std::string& fields) {
  return "GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

TEST(HeadBytes, OfAWholeHeadAreThoseUpToItsEmptyLine) {
  const std::string head = with_fields("");
  EXPECT_EQ(head_bytes(head), head.size());
  EXPECT_EQ(head_bytes(head + head), head.size()) << "the next request waits";
}

TEST(HeadBytes, OfAPartAreNoneYet) {
  const std::string head = with_fields("");
  for (std::size_t length = 0; length < head.size(); ++length) EXPECT_EQ(head_bytes(head.substr(0, length)), 0u);
}

TEST(HeadBytes, OfAHeadThatIsTooLongAreAllThatHaveCome) {
  const std::string endless = "GET /" + std::string(kHttpHeadBytesMax, 'x');
  EXPECT_EQ(head_bytes(endless), endless.size());
  EXPECT_EQ(head_bytes(endless.substr(0, kHttpHeadBytesMax - 1)), 0u);
  EXPECT_EQ(read(endless).refused_with, 431);
}

TEST(ReadRequest, TakesPathAndHostAsTheyAreSent) {
  const HttpRequest request = read("GET /api/v1/map.json?x=/..&y HTTP/1.1\r\nHost: LocalHost:9900\r\n\r\n");
  EXPECT_EQ(request.refused_with, 0) << request.why;
  EXPECT_EQ(request.path, "/api/v1/map.json");
  EXPECT_EQ(request.host, "LocalHost:9900");
  EXPECT_FALSE(request.is_head);
}

TEST(ReadRequest, KnowsHeadFromGet) { EXPECT_TRUE(read("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").is_head); }

TEST(ReadRequest, StaysOpenAsTheVersionSaysUnlessAFieldSaysOtherwise) {
  EXPECT_TRUE(read(with_fields("")).keeps_open);
  EXPECT_FALSE(read(with_fields("Connection: close\r\n")).keeps_open);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").keeps_open);
  EXPECT_TRUE(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keeps_open);
}

TEST(ReadRequest, RefusesEveryMethodThatCouldChangeSomething) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "XYZ"}) {
    const int status = read(std::string(method) + " /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").refused_with;
    EXPECT_TRUE(status == 405 || status == 400) << method << ' ' << status;
  }
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\n\r\n").refused_with, 405);
}

TEST(ReadRequest, RefusesBodies) {
  EXPECT_EQ(read(with_fields("Content-Length: 5\r\n")).refused_with, 413);
  for (const char* coding : {"chunked", "gzip", "identity", "chunked, gzip", "gzip, chunked", "x"})
    EXPECT_EQ(read(with_fields("Transfer-Encoding: " + std::string(coding) + "\r\n")).refused_with, 413) << coding;
}

TEST(ReadRequest, WantsOneHost) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\n\r\n").refused_with, 400);
  EXPECT_EQ(read(with_fields("Host: evil.example\r\n")).refused_with, 400);
  EXPECT_EQ(read("GET / HTTP/1.0\r\n\r\n").refused_with, 0) << "no browser speaks it";
}

TEST(ReadRequest, RefusesGarbage) {
  for (const char* head :
       {"GET\r\n\r\n", "GARBAGE\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost a\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n", "\r\n\r\n", "G\r\n\r\n"})
    EXPECT_GE(read(head).refused_with, 400) << head;
}

TEST(ReadRequest, TakesPathsAlone) {
  EXPECT_EQ(read("GET http://localhost/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").refused_with, 400);
  EXPECT_EQ(read("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n").refused_with, 400);
}

}  // namespace
}  // namespace p2p::host
