// How is an answer written in HTTP? Pure.
#pragma once

#include <string>
#include <string_view>

namespace p2p::host {

struct HttpResponse {
  int status = 200;
  std::string body = {};
  std::string_view type = "text/plain; charset=utf-8";
  std::string_view tag = {};  // of a body that stays as it is while this does; "": of one that changes
  std::string fields = {};    // further ones, each with its end of line

  bool is_refusal() const noexcept { return status >= 400; }
};

// Also of HEAD: then with the length of the body, but without it. Nobody keeps it, or uses it without asking again.
std::string response_text(const HttpResponse& response, bool is_head, bool keeps_open);

// The head of an answer that goes on until the connection is closed.
std::string stream_head(const HttpResponse& response);

}  // namespace p2p::host
