#include "http/response.h"

#include <fmt/format.h>

namespace p2p::host {
namespace {

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Other";
  }
}

// Up to the fields that say how it ends. With a tag, a cache may keep it and ask whether it still holds.
std::string begin_of(const HttpResponse& response) {
  std::string text =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n", response.status, reason(response.status), response.type);
  if (response.status == 405) text += "Allow: GET, HEAD\r\n";
  if (response.tag.empty()) {
    text += "Cache-Control: no-store\r\n";
  } else {
    text += fmt::format("Cache-Control: no-cache\r\nETag: {}\r\n", response.tag);
  }
  return text + "X-Content-Type-Options: nosniff\r\n" + response.fields;
}

}  // namespace

std::string response_text(const HttpResponse& response, bool is_head, bool keeps_open) {
  std::string text = begin_of(response);
  if (response.status != 304) text += fmt::format("Content-Length: {}\r\n", response.body.size());
  text += keeps_open ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!is_head) text += response.body;
  return text;
}

std::string stream_head(const HttpResponse& response) { return begin_of(response) + "Connection: close\r\n\r\n"; }

}  // namespace p2p::host
