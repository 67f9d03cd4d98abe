#include "http_head_entry.h"

#include "http/host_names.h"
#include "http/request_head.h"

#include <p2p/assert.h>

#include <string>

namespace p2p::fuzz {

using namespace host;

HeadOutcome try_http_head(std::string_view input) {
  HeadOutcome outcome = HeadOutcome::incomplete;
  while (!input.empty()) {
    const std::size_t bytes = head_bytes(input);
    if (bytes == 0) return HeadOutcome::incomplete;
    P2P_ASSERT(bytes <= input.size(), "a head is among the bytes that have come");
    const HttpRequest request = read_request(input.substr(0, bytes));
    input.remove_prefix(bytes);
    outcome = request.refused_with == 0 ? HeadOutcome::taken : HeadOutcome::refused;
    if (outcome == HeadOutcome::refused) {
      P2P_ASSERT(request.refused_with >= 400 && !request.why.empty(), "a refusal says why");
      return outcome;
    }
    P2P_ASSERT(bytes <= kHttpHeadBytesMax + 4, "a head that is taken has its limit");
    P2P_ASSERT(request.path.starts_with('/') && request.path.find('?') == std::string::npos, "a path");
    P2P_ASSERT(request.path.find_first_of("\r\n ") == std::string::npos, "a path of one word");
    const std::string name = name_in_host(request.host);
    P2P_ASSERT(!is_ours(request.host, false, {}) || !name.empty(), "only a name can be ours");
  }
  return outcome;
}

}  // namespace p2p::fuzz
