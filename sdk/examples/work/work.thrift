// Jobs that run where their data lies: on the node that owns `key`. Ask any node; it passes a call on to the owner.
include "locator.thrift"

namespace cpp work.wire
namespace py work

enum JobState {
  unknown = 0                  // never submitted, or forgotten: see results_max and results_age
  queued = 1
  running = 2
  done = 3
  failed = 4
}

struct JobReport {
  1: required JobState state
  2: optional binary result    // set when done
  3: optional string error     // set when failed
}

// The outcome is not known (yet). Ask result() later, or submit again with the same id: it does not run twice.
exception NotFinished {
  1: JobState state            // as far as the answering node knows; unknown: perhaps lost with a node that died
  2: string message
}

// Nothing was done. Submit again a little later.
exception QueueFull {
  1: i32 queue_max
  2: string message
}

// Nothing was done, and trying again does not help.
exception JobRefused {
  1: string message
}

// It ran and could not do its work. Submitting it again answers the same.
exception JobFailed {
  1: string message
}

service Work extends locator.Base {
  // Runs the job, unless this id was submitted for this key before, and answers with its result.
  binary submit(1: string job_id, 2: binary key, 3: string kind, 4: binary payload)
      throws (1: NotFinished not_finished, 2: QueueFull queue_full, 3: JobRefused refused, 4: JobFailed failed)

  // What became of it. Both answer at once, whatever the state.
  JobReport result(1: string job_id, 2: binary key) throws (1: NotFinished not_finished)
  JobState status(1: string job_id, 2: binary key) throws (1: NotFinished not_finished)

  // The effects of jobs with this key, in no particular order: one entry for each time that an "append" has run.
  list<string> ledger(1: binary key) throws (1: NotFinished not_finished)
}

// --- between nodes --------------------------------------------------------------------------------------------------------

struct MovedJob {
  1: required binary key
  2: required string id
  3: required string kind
  4: required binary payload
  5: required JobState state      // queued, done or failed
  6: required binary text         // the result, or why it failed
  7: required i64 ended_ago_ms
}

struct MovedEntry {
  1: required binary key
  2: required i64 run             // which run of a job has made it; unique in the network
  3: required string text
}

struct HandOver {
  1: required i64 view            // of the node that gives: by this ring it has chosen what to give
  2: required i64 view_version             // changes with each ring that it works by; 0: it works by another ring than the receiver
  3: required i64 number          // to be confirmed with the next call; 0: nothing is given
  4: required list<MovedJob> jobs
  5: required list<MovedEntry> entries
  6: required bool is_all         // nothing of the receiver's is here, but for jobs that are running
  7: required list<binary> busy   // keys of those
  8: optional binary members      // the locator's table, when the rings differ
}

service WorkPeer {
  // "I work by the ring `view`. Give me what is mine by it." The giver forgets what `taken` confirms, nothing else.
  HandOver hand_over(1: string receiver, 2: i64 view, 3: i64 taken, 4: optional binary members)

  // "I hold something of yours." Answered by asking for it.
  void remind()
}
