#include "ctl/exit_code.h"

namespace p2p::ctl {

ExitCode exit_code_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::refused:
    case ErrorKind::unreachable:
    case ErrorKind::silent:
    case ErrorKind::wrong_node:
    case ErrorKind::local:
    case ErrorKind::timed_out:
    case ErrorKind::closed:
    case ErrorKind::protocol:     // what answered is no node
    case ErrorKind::unsupported:  // or none of ours
      return ExitCode::no_node;
    case ErrorKind::overloaded:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:  // the service; a missing key is no error
    case ErrorKind::invalid:
    case ErrorKind::internal:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace p2p::ctl
