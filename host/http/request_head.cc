#include "http/request_head.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstdint>
#include <iterator>

namespace p2p::host {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::string_view kEnd = "\r\n\r\n";

HttpRequest refused(int status, std::string why) {
  HttpRequest request;
  request.refused_with = status;
  request.why = std::move(why);
  return request;
}

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::size_t head_bytes(std::string_view unread) noexcept {
  const std::size_t end = unread.substr(0, kHttpHeadBytesMax).find(kEnd);
  if (end != std::string_view::npos) return end + kEnd.size();
  return unread.size() < kHttpHeadBytesMax ? 0 : unread.size();
}

HttpRequest read_request(std::string_view head) {
  if (!head.ends_with(kEnd))
    return refused(431, "the head of a request has " + std::to_string(kHttpHeadBytesMax) + " bytes at most");
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(kHttpHeadBytesMax));
  beast::error_code failure;
  parser.put(boost::asio::buffer(head.data(), head.size()), failure);
  if (failure == http::error::body_limit || failure == http::error::unexpected_body)
    return refused(413, "a request has no body");
  if (failure || !parser.is_header_done()) return refused(400, "this is no request of HTTP: " + failure.message());
  const auto& found = parser.get();
  if (found.version() != 10 && found.version() != 11) return refused(505, "HTTP/1.1 and HTTP/1.0 are known here");
  if (found.method() != http::verb::get && found.method() != http::verb::head)
    return refused(405, "only GET and HEAD: nothing can be changed here");
  if (found.has_content_length() || found.count(http::field::transfer_encoding) != 0)
    return refused(413, "a request has no body");
  const auto hosts = found.equal_range(http::field::host);
  const auto count = std::distance(hosts.first, hosts.second);
  if (count > 1 || (count == 0 && found.version() == 11)) return refused(400, "a request has one field Host");
  const std::string target = text_of(found.target());
  if (!target.starts_with('/')) return refused(400, "the target of a request is a path");

  HttpRequest request;
  request.is_head = found.method() == http::verb::head;
  request.keeps_open = found.keep_alive();
  request.path = target.substr(0, target.find('?'));
  if (count == 1) request.host = text_of(hosts.first->value());
  request.origin = text_of(found[http::field::origin]);
  request.is_cross_site = found["Sec-Fetch-Site"] == "cross-site";
  request.known_tag = text_of(found[http::field::if_none_match]);
  request.last_event_id = text_of(found["Last-Event-ID"]);
  return request;
}

}  // namespace p2p::host
