// Which keys of a batch does this node serve, and what became of each? Plain values between a batch (batch_job.h), or
// another node's part of one (peer_methods.cc), and who does it here (keys_here.h).
#pragma once

#include "serving/batch_split.h"
#include "serving/batch_verbs.h"

#include <p2p/result.h>
#include <p2p/units.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

// How much of a reply the results may fill: nothing is done for the keys after the one that exceeds it.
struct ReplyRoom {
  std::size_t bytes_max = 0;
  std::size_t bytes_per_result = 0;  // beside its value
};

// May a key that is still to come from another node hold the answer up? If not, it is only sent for.
enum class Waits : bool { no, yes };

template <class Verb>
struct LocalPart {
  using Result = typename Verb::Result;

  LocalPart(std::vector<typename Verb::Input>& all_inputs, ReplyRoom reply_room, TimePoint call_deadline,
            Waits may_wait)
      : inputs(all_inputs), room(reply_room), deadline(call_deadline), waits(may_wait) {}

  // --- what is asked ---
  std::vector<typename Verb::Input>& inputs;  // of the whole batch; what is done may be moved from
  std::vector<LocalKey> keys;                 // indexes of these
  const ReplyRoom room;
  const TimePoint deadline;
  const Waits waits;
  BatchOptions options = {};

  // --- what became of it ---
  std::vector<std::optional<Result>> results;  // of `keys`; nothing: surely not done, unless there is a failure
  std::string why;                             // one was not done
  // The rest was not tried and is not to be tried again; if its kind says so (may_have_run()), some of it may be done.
  // `overloaded`: refused, as a node's memory is full.
  std::optional<Error> failure;
};

}  // namespace p2p::diststore
