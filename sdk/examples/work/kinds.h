// What can a job do? One JobKind for each word that submit() takes as `kind`.
#pragma once

#include "core/job.h"

#include <functional>
#include <map>
#include <stop_token>
#include <string>

namespace work {

// To add a kind of your own, write such a function and add it in built_in_kinds().
//
// Does the work, on a worker thread; several at once. It may block; once `stop` asks, the node ends, and what is
// returned counts no more: return soon. An exception means that the job has failed, with its text. What must happen
// exactly once belongs into the outcome's entries; whatever else it does may happen again after a crash.
using JobKind = std::function<Outcome(const JobName& name, const std::string& payload, std::stop_token stop)>;

using JobKinds = std::map<std::string, JobKind, std::less<>>;

// "count_words": how many words the payload has. "checksum": its CRC-32, eight hexadecimal digits. "append": enters the
// job's id into the key's ledger; a payload is the number of milliseconds that this takes, to stand for real work.
JobKinds built_in_kinds();

}  // namespace work
