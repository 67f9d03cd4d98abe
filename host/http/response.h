// How is an answer written in HTTP? Pure.
#pragma once

#include <string>
#include <string_view>

namespace p2p::host {

struct HttpResponse {
  int status = 200;
  std::string body = {};
  std::string_view type = "text/plain; charset=utf-8";

  bool is_refusal() const noexcept { return status >= 400; }
};

// Also of HEAD: then with the length of the body, but without it. Never kept by anyone, and no page of another site may
// read it.
std::string response_text(const HttpResponse& response, bool is_head, bool keeps_open);

}  // namespace p2p::host
