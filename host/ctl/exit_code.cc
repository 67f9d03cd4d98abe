#include "ctl/exit_code.h"

#include <algorithm>
#include <iterator>

namespace p2p::ctl {

ExitCode exit_code_of(ErrorKind kind) noexcept {
  constexpr ErrorKind kOfNode[] = {
      ErrorKind::overloaded, ErrorKind::cancelled,
      ErrorKind::not_found,  // the service; a missing key is no error
      ErrorKind::invalid,    ErrorKind::internal,
  };
  // Everything else says that there is no node, also `protocol` (what answered is none) and `unsupported` (none of
  // ours).
  const bool is_of_node = std::find(std::begin(kOfNode), std::end(kOfNode), kind) != std::end(kOfNode);
  return is_of_node ? ExitCode::failed : ExitCode::no_node;
}

}  // namespace p2p::ctl
