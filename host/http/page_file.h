// The page at "/": one file, made at build time of those in page/ (embed.cmake).
#pragma once

#include <string_view>

namespace p2p::host {

extern const std::string_view kPageText;
extern const std::string_view kPageTag;     // an ETag: of these bytes and their policy, and no others
extern const std::string_view kPagePolicy;  // Content-Security-Policy: its script and its style, by their hashes

}  // namespace p2p::host
