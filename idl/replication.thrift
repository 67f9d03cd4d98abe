// Between the stores of an agreed cluster: what a partition's primary and its copies say to each other (docs/decisions/0031,
// 0032). Served as the part "replicas" of the store's service, to nodes alone.
//
// A node that is primary of anything opens a session to each node that has a copy of it, and says everything about all
// partitions in this session: in calls that are numbered from 1 on, whose messages are taken in this order. What the copies say
// to it is numbered likewise, on its own; it travels with the replies of `deliver`, or by `answer` where there is none to wait
// for. What was lost cannot be sent again: a call that fails ends the session.
//
// Epochs, terms and numbers are never negative.
namespace cpp replication_wire
namespace py replication

struct Version {
  1: required i64 term
  2: required i64 seq
}

struct Write {
  1: required binary key
  2: optional binary value               // absent: the key is erased
  3: optional i64 expires_at             // milliseconds since 1970, by the clock of the primary that took the write; from feature
                                         // level 2 on
}

// --- from a primary

struct Replicate {
  1: required i64 seq
  2: required i64 commit
  3: required list<Write> writes         // none: an operation has ended without any
  4: optional i64 client                 // of a client's operation (docs/decisions/0044); from feature level 2 on
  5: optional i64 number
}

struct SyncEntry {
  1: required Version version
  2: required list<binary> keys          // none: as of a Replicate
}

struct Sync {
  1: required i64 position
  2: required i64 commit
  3: required i64 born
  4: required i64 since                  // 0: the copy is in sync
  5: required list<SyncEntry> entries
  6: optional i64 operations_forgotten   // absent: 0. Nothing is known by name of operations up to this number
  7: optional i64 operations_highest     // absent: 0. None in the history has a higher number
}

struct Item {
  1: required binary key
  2: optional binary value               // absent: so is the key
  3: required Version version
  4: optional bool is_uncommitted        // absent: no
  5: optional i64 expires_at             // as of a Write
}

struct Items {
  1: required i64 number                 // 0: the answer to a Fetch
  2: required list<Item> items
}

// --- from a copy

struct Ack {
  1: required i64 position
  2: required bool is_complete
  3: required i64 filled
  4: optional i64 memory_used            // with memory_max: the node has reached it, and takes nothing more that can be refused
  5: optional i64 memory_max             // absent: it has not
}

struct AskForFill {
  1: optional i64 born                   // absent: what it has cannot be built upon
  2: required i64 base
  3: required list<binary> keys
}

// Those that have nothing to say but that they are there.
enum Signal {
  begin_backfill = 1                     // from a primary: the copy starts empty
  complete = 2                           // from a primary: it has been sent everything
  refuse = 3                             // from a copy: it takes nothing of this stream
}

// Exactly one of the fields from 5 on is set.
struct Message {
  1: required i32 partition
  2: required i64 epoch                  // of the sender's newest map
  3: required i64 term                   // in which the primary speaks
  4: required i64 stream
  5: optional Replicate replicate
  6: optional Ack ack
  7: optional i64 commit                 // a commit index
  8: optional Sync sync
  9: optional Items items
  10: optional AskForFill ask_for_fill
  11: optional list<binary> fetch        // keys
  12: optional Signal signal
}

// A list of `number` 0 is empty.
struct Messages {
  1: required i64 number                 // from 1 on, in its direction of the session
  2: required list<Message> messages
}

struct Opened {
  1: required bool is_taken
  2: optional string why                 // it is not
}

struct Delivered {
  1: required bool is_taken              // false: there is no such session any more
  2: optional Messages answers           // what the copies have to say by now
}

service Replicas {
  // A new session of the caller, which ends any other that it had. Both are named by their ids, so that nobody takes another
  // process at the same address for the one that it means.
  Opened open(1: required i64 session, 2: required binary caller, 3: required binary callee)

  Delivered deliver(1: required i64 session, 2: required Messages messages)

  // To the node that has opened the session.
  bool answer(1: required i64 session, 2: required Messages messages)

  // To the node that has opened the session: it has ended.
  void end_session(1: required i64 session)
}
