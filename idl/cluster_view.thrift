// What operators see of an agreed cluster, and what they change in it. The locator serves both in mode "agreed": ClusterView as its
// part "cluster", to whoever reaches the node, and ClusterAdmin as its part "admin", on the admin socket alone.
//
// Addresses are "host:port", ids 32 hexadecimal digits, times milliseconds of the answering node's clock since 1970. Epochs number
// the maps of a cluster from 1 on; 0 is before the first. Where a call names a member, it does so by its address, or by the
// beginning of its id if that is nobody else's.
namespace cpp cluster_view
namespace py cluster_view

enum MemberState {
  up = 1
  leaving = 2
  down = 3
}

struct Member {
  1: required string id
  2: required string address
  3: required i64 boot                   // which start of the node's process this is, counted from 1
  4: required MemberState state
  5: required i64 since                  // the epoch at which it got this state, or may be given copies again
  6: optional i64 since_ms               // when the answering node learnt of that epoch; absent: it did not watch yet
  7: required string zone
  8: required i32 weight
  9: required list<string> services      // that it runs
  10: required bool is_voter
  11: required i32 feature_level         // the highest that its program knows
  12: required i32 primaries             // partitions of which it is the primary
  13: required i32 in_sync               // partitions of which it has every acknowledged write; primaries are among them
  14: required i32 learners              // partitions that it is being given
  15: required bool is_holder            // it is to hold partitions: up, not leaving, of a weight
  16: optional bool takes_copies         // absent: true; false: its memory is full (memory_max), and it gets no further partitions
}

// A member to which the answering node's last call has failed.
struct BrokenLink {
  1: required string address
  2: required i64 since_ms               // of the first of the calls that have failed one after the other
  3: required string why
}

// The cluster as one node knows it.
struct State {
  1: required string cluster             // its id
  2: required i64 epoch
  3: required i64 learnt_ms              // when this node learnt of that epoch
  4: required i64 generation             // how often an operator went on without a majority of voters
  5: required i32 partitions
  6: required i32 copies                 // wanted of each partition
  7: required i32 copies_min             // that a write must reach
  8: required i32 feature_level          // in force
  9: required list<Member> members       // by address
  10: required i32 complete              // partitions with as many copies in sync as are wanted and there are members to hold any
  11: required i32 under_replicated      // the others
  12: required i32 unserved              // of those: partitions whose primary is down
  13: required string node               // the id of the one that answers
  14: required i64 lease_left_ms         // how long it may act as owner without hearing from the voters; 0: not at all
  15: required string waits_for          // what keeps it from being ready, in words; "": nothing
  16: required list<BrokenLink> broken_links
}

struct Partition {
  1: required i32 number
  2: required string primary             // address, as those of the others
  3: required list<string> in_sync       // the primary among them, in order of takeover
  4: required list<string> learners
  5: optional i64 term                   // the epoch at which the primary or in_sync last changed; absent: an earlier version answers
  6: optional i64 changed                // the same, or that at which a learner came, if that is later
}

// In order of numbers.
struct Partitions {
  1: required i64 epoch
  2: required list<Partition> partitions
}

enum EventKind {
  joined = 1
  up = 2                                 // again, or in another boot
  leaving = 3
  down = 4
  removed = 5
  described = 6                          // another weight, zone, or list of services
  voters = 7                             // others vote; `text` names them
  primaries_moved = 8                    // `count` of them, from `node` to `other`
  copies_added = 9                       // `count` more are in sync at `node`
  copies_ended = 10                      // `count` are no longer in sync at `node`
  started_empty = 11                     // `count` partitions begin anew at `node`: what was in them is lost
  level_raised = 12                      // the feature level in force is `count`
  recovered = 13                         // an operator goes on without a majority of voters: generation `count`, from the epoch `text`
}

struct Event {
  1: required i64 epoch
  2: required i64 at_ms                  // when the answering node learnt of it
  3: required EventKind kind
  4: required string node                // address; "" where nobody is meant
  5: required string id                  // of `node`
  6: required string other               // address, or ""
  7: required i32 count
  8: required string text
}

struct Events {
  1: required string cluster
  2: required i64 epoch                  // the next call asks after this one
  3: required bool missed                // the node no longer has all that happened in between, or did not see it
  4: required list<Event> events
}

// What might be done.
struct Proposal {
  1: optional string join                // a node at this address joins, with `weight` and `zone`
  2: optional string leave               // this member leaves
  3: optional string describe            // this member gets `weight` or `zone`
  4: optional i32 weight
  5: optional string zone
}

// Numbers are places in Plan.members; -1: nobody. A copy that nobody gives away is one more than before; one that nobody gets ends.
struct Move {
  1: required i32 partition
  2: required i32 giver
  3: required i32 receiver
}

struct Holding {
  1: required string address
  2: required i32 primaries_before
  3: required i32 primaries_after
  4: required i32 copies_before          // in sync
  5: required i32 copies_after
}

struct Plan {
  1: required i64 epoch                  // of the map that this would be done to
  2: required list<Holding> members      // by address
  3: required list<Move> copies          // by partition; the first that fit into the answer
  4: required list<Move> primaries       // the same
  5: required i32 copies_count           // all of them
  6: required i32 primaries_count
  7: required i32 under_way              // copies that the map of now lacks or is still moving: they are among those of the plan
}

exception Refused {
  1: required string why
}

service ClusterView {
  State state() throws (1: Refused refused)                                    // refused: the node is part of no cluster
  Partitions partitions(1: required i32 first, 2: required i32 count) throws (1: Refused refused)
  Partitions where(1: required binary key) throws (1: Refused refused)         // the partition that the key is in
  // What happened after `epoch` of `cluster`; answers when there is something, or after `wait_ms` at the latest. Another cluster
  // than the node's: all that it has of its own.
  Events watch(1: required string cluster, 2: required i64 epoch, 3: required i32 wait_ms) throws (1: Refused refused)
  Plan plan(1: required Proposal what) throws (1: Refused refused)
}

// How far an order has got.
struct Ordered {
  1: required bool done
  2: required string id                  // of the member meant; ask again with it
  3: required string address
  4: required string waits_for           // why it is not done yet
}

// A voter that a recovery goes on without.
struct GivenUp {
  1: required string id
  2: required string address
  3: optional i64 since_ms               // the answering node has not reached it since; absent: it has not tried
}

// What a recovery does, at the node that is asked.
struct RecoveryPlan {
  1: required string cluster             // its id
  2: required i64 epoch                  // it goes on from: what those that are given up have decided after it is void
  3: required i64 generation             // that begins
  4: required list<string> survivors     // addresses; members that are neither these nor given up stay members
  5: required list<string> voters        // of the survivors
  6: required list<GivenUp> given_up
  7: required i32 lost_count             // partitions that only those had in sync: they begin empty
  8: required list<i32> lost             // the first of them
  9: required bool begun                 // it goes on by itself from now on
}

// An order is kept for 30 s after it was last given. Each call answers when it is done, or after a second.
service ClusterAdmin {
  Ordered remove(1: required string node) throws (1: Refused refused)           // a member that is down
  Ordered set_weight(1: required string node, 2: required i32 weight) throws (1: Refused refused)

  // The voters that this node does not reach are given up for good, where these are a majority. `survivors` are addresses or ids;
  // none: all that it reaches now. The second call does what the first has told, and is refused when that has changed: `epoch` is
  // the plan's, `given_up` its ids.
  RecoveryPlan plan_recovery(1: required list<string> survivors) throws (1: Refused refused)
  RecoveryPlan recover(1: required list<string> survivors, 2: required i64 epoch, 3: required list<string> given_up)
      throws (1: Refused refused)
}
