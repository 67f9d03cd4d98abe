// Has a member's process ended? Proof, not suspicion (L4): a connect to its address is refused, and it began when this
// boot of the member was known. A call may have waited for a connect that began before it; so a refused call counts
// only as the reason for a second one, whose connect begins after the first has ended. Pure.
#pragma once

#include "cluster/map/identity.h"

#include <p2p/result.h>

#include <cstdint>
#include <map>
#include <optional>

namespace p2p::agreed {

class ProcessEnds final {
 public:
  // Of a call to a member: the highest boot of it that was known when the call was made.
  struct Tried {
    cluster::NodeId node;
    std::uint64_t boot = 0;
    bool is_second = false;
  };

  enum class Verdict : std::uint8_t {
    nothing,
    try_again,  // call the member once more, with Tried::is_second and the same boot
    ended,      // the process of that boot, and of all before it
  };

  // A call to the member has failed. One second try at a time.
  Verdict failed(const Tried& tried, ErrorKind kind) {
    if (tried.is_second) trying_.erase(tried.node);
    if (kind != ErrorKind::refused || tried.boot == 0) return Verdict::nothing;
    if (tried.is_second) return Verdict::ended;
    return trying_.emplace(tried.node, tried.boot).second ? Verdict::try_again : Verdict::nothing;
  }

  // A call to the member was answered, by this boot of it: all lower ones have ended (0: nothing is proved).
  std::uint64_t answered(const Tried& tried, std::uint64_t boot) {
    if (tried.is_second) trying_.erase(tried.node);
    return boot > tried.boot ? boot - 1 : 0;
  }

 private:
  std::map<cluster::NodeId, std::uint64_t> trying_;
};

}  // namespace p2p::agreed
