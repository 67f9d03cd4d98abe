// Between the locators of an agreed cluster, and what one keeps on disk: how members agree on the cluster map, hold their
// leases, and ask for changes. Rule letters are the protocol's (docs/decisions/0027).
//
// Epochs, terms, boot numbers and rounds are never negative. Durations are in nanoseconds.
//
// Packed texts (`binary`) hold numbers as varints: seven bits a byte, the lowest first, and the highest bit set in all bytes but
// a number's last. What is called "encoded" is a struct of this file in the binary protocol. It stands in a text of its own so
// that its reader can limit what it allocates, and so that all who get the same map or change are sent the same bytes.
namespace cpp cluster_wire
namespace py cluster

typedef binary Id                        // 16 random bytes

enum Durability {
  memory = 1
  durable = 2
}

enum MemberState {
  up = 1
  leaving = 2
  down = 3
}

// One life of a node's process (M5).
struct Boot {
  1: required i64 number                 // rises with each start
  2: required i64 nonce                  // drawn at the start
}

struct Member {
  1: required Id id
  2: required string host
  3: required i32 port
  4: required Boot boot
  5: required MemberState state
  6: required string zone
  7: required i32 weight
  8: required list<string> services      // in ascending order
  9: required bool holds_partitions      // M6
  10: required i32 feature_level         // the highest that its program knows (M7)
  11: required i64 since                 // the epoch at which it got this state, or may be given copies again
  12: optional i32 slot                  // its place in the map; absent outside of maps
  13: optional bool takes_copies         // absent: true; false: it has no room for more; from feature level 2 on
}

// `partitions` is packed, one partition after the other, from 0 on, to its end: the primary's slot; how many copies are in sync,
// and their slots, in order; how many learners there are, and the slot and the `since` of each; term; born. Some 9 bytes each
// with three copies and fewer than 128 members, 13 with more.
struct ClusterMap {
  1: required i64 epoch
  2: required Id cluster
  3: optional Id succeeds                // J6
  4: required i64 generation             // J5
  5: required i32 copies
  6: required i32 copies_min
  7: required Durability durability
  8: required i32 feature_level          // in force (M7)
  9: required i32 slots                  // of members, free ones among them
  10: required list<Member> members      // each with its slot, in order of slots
  11: required list<i32> voters          // slots, in ascending order
  12: required i64 voters_since
  13: required binary partitions
  14: optional bool founded_by_hand      // J6; absent: false
  15: optional i64 recovered_from        // the last epoch before a recovery that counts (J5); absent: there was none
  16: optional Id recovered_by           // the recovery is under way, by this member, and nobody acts by the map
  17: optional list<i32> confirmers      // slots, in ascending order, of those that it waits for; with `recovered_by` alone
  18: optional list<Id> given_up         // members no more, as the operator has confirmed; with `recovered_by` alone; absent: none
}

// --- changes ------------------------------------------------------------------------------------------------------------------

struct Join {
  1: required Member member
}
struct Up {
  1: required Id node
  2: required Boot boot
  3: required string host
  4: required i32 port
  5: required list<string> services      // in ascending order
  6: required bool holds_partitions
  7: required i32 feature_level
  8: optional bool takes_copies          // as of a Member
}
struct Down {
  1: required Id node
  2: required Boot boot
}
struct Leave {
  1: required Id node
  2: required Boot boot
}
struct Remove {
  1: required Id node
}
struct Describe {
  1: required Id node
  2: optional string zone                // absent: as it is
  3: optional i32 weight                 // likewise
}
struct RaiseFeatureLevel {
  1: required i32 level
}
struct SetVoters {
  1: required list<Id> voters
}
struct AddLearner {
  1: required i32 partition
  2: required Id node
}
struct RemoveLearner {
  1: required i32 partition
  2: required Id node
  3: required i64 since
}
struct PutInSync {
  1: required i32 partition
  2: required Id node
  3: required i64 term
  4: required i64 since
}
struct TakeOutOfSync {
  1: required i32 partition
  2: required Id node
  3: required i64 term
}
struct MovePrimary {
  1: required i32 partition
  2: required Id node                    // the new one
  3: required i64 term
}
struct RenewTerm {
  1: required i32 partition
  2: required Id node                    // the primary
  3: required i64 term
}
struct StartEmpty {
  1: required i32 partition
  2: required Id node                    // where
  3: required i64 term
}

union Request {
  1: Join join
  2: Up up
  3: Down down
  4: Leave leave
  5: Remove remove
  6: Describe describe
  7: RaiseFeatureLevel raise_feature_level
  8: SetVoters set_voters
  9: AddLearner add_learner
  10: RemoveLearner remove_learner
  11: PutInSync put_in_sync
  12: TakeOutOfSync take_out_of_sync
  13: MovePrimary move_primary
  14: RenewTerm renew_term
  15: StartEmpty start_empty
}

struct Change {
  1: required list<Request> requests
}

// What the receiver lacks (A3).
struct MapUpdate {
  1: required i64 base                   // the epoch of the map that the first of `changes` is made to
  2: required list<binary> changes       // encoded Changes, of base, base + 1, ...
  3: optional binary whole_map           // an encoded ClusterMap; absent: the changes are enough
}

// --- messages -----------------------------------------------------------------------------------------------------------------

// Whoever sends a request or a reply, and what it knows.
struct Sender {
  1: required Id node
  2: required Boot boot
  3: required i64 epoch                  // 0: it has no map
  4: optional Id cluster                 // absent: it has no map
}

struct Ballot {
  1: required i64 generation
  2: required i64 round
  3: required i64 boot
  4: required Id proposer
}

// What must be alike on all nodes, as the joiner has it, and what else decides whether it is let in (J1).
struct Terms {
  1: required i32 partitions
  2: required i32 copies
  3: required i32 copies_min
  4: required Durability durability
  5: optional Id succeeded               // the network that the joiner was a member of (J6)
  6: required i64 wall_clock_ms          // since 1970
  7: required i32 feature_level
}

struct Granted {
  1: required i64 sent_at                // of the request, as it came
  2: required Boot boot                  // the asker's
  3: optional bool settled               // the voter had accepted no change of the map of its epoch
}
struct NotGranted {
  1: required i64 sent_at
}
struct Promised {
  1: required i64 slot                   // the epoch that is to be decided
  2: required Ballot ballot
  3: optional Ballot accepted            // absent: nothing
  4: optional binary change              // that was accepted: an encoded Change
}
struct Accepted {
  1: required i64 slot
  2: required Ballot ballot
}
struct Rejected {
  1: required i64 slot
  2: required Ballot ballot
  3: optional Ballot promised            // to another
  4: required i64 try_after_ns           // 0: that is not the reason
  5: required string why                 // the change is not allowed; empty: that is not the reason
}
// An answer to `adopt` alone.
struct Adopted {
  1: required i64 epoch                  // of the map that is on disk
}
// Another: the node knows what the map to adopt does not, and the reply's `update` has the whole map that it knows.
struct NotAdopted {
}
struct Noted {
}

union ReplyBody {
  1: Granted granted
  2: NotGranted not_granted
  3: Promised promised
  4: Accepted accepted
  5: Rejected rejected
  6: Noted noted
  7: Adopted adopted
  8: NotAdopted not_adopted
}

struct Reply {
  1: required Sender sender
  2: required ReplyBody body
  3: optional MapUpdate update           // what the asker lacks
  4: optional list<string> waits_for     // to a joiner: the node has no network either, and waits for these ("address:port")
}

// The asker is no member here, and cannot be or become one as it is. For people: which field differs, what it is on both sides,
// and what to do.
exception Refused {
  1: required string field
  2: required string ours                // of the node that refuses
  3: required string theirs
  4: required string fix
}

service Cluster {
  // `sent_at` is by the sender's own clock; the receiver only sends it back. `consents` is packed: the partition and the term
  // of each.
  Reply renew(1: required Sender sender, 2: required i64 sent_at, 3: required binary consents) throws (1: Refused refused)

  Reply prepare(1: required Sender sender, 2: required i64 slot, 3: required Ballot ballot) throws (1: Refused refused)

  // `change` is an encoded Change.
  Reply accept(1: required Sender sender, 2: required i64 slot, 3: required Ballot ballot, 4: required binary change)
      throws (1: Refused refused)

  Reply announce(1: required Sender sender, 2: required MapUpdate update) throws (1: Refused refused)

  Reply fetch_map(1: required Sender sender) throws (1: Refused refused)

  // The survivors of a recovery leave the former generation: answered when the map is on disk (J5).
  Reply adopt(1: required Sender sender, 2: required MapUpdate update) throws (1: Refused refused)

  // `requests` is an encoded Change, of what is to be in one of the next.
  Reply suggest(1: required Sender sender, 2: required binary requests) throws (1: Refused refused)

  Reply join(1: required Sender sender, 2: required Member joiner, 3: required Terms terms) throws (1: Refused refused)

  // `partitions` is packed as `consents` are; `targets` has the 16 bytes of a node's id for each of them.
  Reply begin_hand_over(1: required Sender sender, 2: required binary partitions, 3: required binary targets)
      throws (1: Refused refused)

  // The sender has found these processes gone, and all before them: packed, the 16 bytes of each node's id, and their boot
  // numbers (E1).
  Reply report(1: required Sender sender, 2: required binary nodes, 3: required binary boots) throws (1: Refused refused)

  // From voter to voter: `nodes` has the 16 bytes of the id of each member that the sender hears nothing of.
  Reply unheard(1: required Sender sender, 2: required binary nodes) throws (1: Refused refused)

  // Answered only after a while: whoever waits learns at once when the process ends.
  Reply watch(1: required Sender sender) throws (1: Refused refused)
}

// --- on disk ------------------------------------------------------------------------------------------------------------------

// What a member must not forget (A1). A byte stands before it, 1: the format. Who does not know that reads no further.
struct Saved {
  1: optional binary whole_map           // an encoded ClusterMap; absent: none yet
  2: required i64 slot                   // that the promise belongs to
  3: optional Ballot promised
  4: optional Ballot accepted
  5: optional binary change              // an encoded Change; with `accepted` alone
}
