// What does an HTTP request ask for? Foreign bytes in, an answer or a refusal out. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace p2p::host {

// Of a request's first line and its fields together; browsers send about 1 KiB, Prometheus 300 bytes.
inline constexpr std::size_t kHttpHeadBytesMax = 8 * 1024;

// How many bytes of `unread` are one request's head, its empty line included; 0: more is needed. Of a head that is
// too long, all that has arrived.
std::size_t head_bytes(std::string_view unread) noexcept;

struct HttpRequest {
  int refused_with = 0;  // a status code, and why in words; 0: not refused
  std::string why = {};
  bool is_head = false;            // HEAD; otherwise GET
  bool keeps_open = false;         // the client may send further requests
  std::string path = {};           // "/metrics": from the first '/' up to a '?', as the client has sent it
  std::string host = {};           // the field of that name; empty only of HTTP/1.0
  std::string origin = {};         // likewise: the site whose page asks, if that is not this node's; "": no such page
  bool is_cross_site = false;      // Sec-Fetch-Site, which a browser sends with no Origin too
  std::string known_tag = {};      // If-None-Match
  std::string last_event_id = {};  // Last-Event-ID
};

// `head`: as head_bytes() has found it. Refused: what is no HTTP/1.0 or 1.1, any method but GET and HEAD, a body, a
// target that is no path, a missing Host or several.
HttpRequest read_request(std::string_view head);

}  // namespace p2p::host
