// The distributed key-value store. `get` and `put` are the 2009 system's own and never change; the acknowledged calls
// beside them take any bytes and tell "not found" from "empty". New options and results come as new optional fields.
include "locator.thrift"

namespace cpp diststore
namespace py diststore

// A hybrid logical clock stamp: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16; `node` breaks ties.
struct Version {
  1: i64 stamp
  2: i64 node
}

struct ReadOptions {
  // Any node with a copy of the key that is in sync may answer, from its own memory, without asking the owner: also while the
  // owner is silent. What it shows was committed, and has not expired by its clock, but may be old: stale_ms_max of the result
  // says how old at most. A copy that does not know that any more, as it has not heard from most voters of the cluster for 1.5
  // seconds, does not answer; nor does it for a key whose last write it does not know to be committed, or, where it has no
  // value, as long as that is so of any key of the partition. Then the owner is asked, as without the option. So is it in
  // classic mode, where there is one copy, and by a node of a former version.
  1: optional bool any_copy
}

// Names one write or erase over all attempts at it (docs/decisions/0044): however often it arrives, it is done once at most, and
// each attempt that arrives after it was done is answered with what came of it. Only in an agreed cluster all of whose members know
// it: those say so by RingState.level, 2 or more. Only of one key: a batch ignores it, and so do nodes that do not know it.
struct Operation {
  1: i64 client                   // drawn at random by each client
  // Above 0. Rises with each operation of the client, and is about the microseconds since 1970 when it began, whatever the client's
  // clock is worth: one that is too low is refused as `operation_forgotten`, and gets a higher one.
  2: i64 number
  // An earlier attempt may still be on its way to its owner: if this one ends without a change, as its condition is not met or there
  // is nothing to erase, that one must not make any, either.
  3: bool again
}

// Of writes and erases. At most one condition; if it is not met, nothing is done, and the answer is `condition_failed`. Only in
// an agreed cluster and only for one key: a network in classic mode, and a batch, refuse them as `unsupported`.
struct WriteOptions {
  1: optional Version if_version  // the key has this very version
  2: optional bool if_absent      // there is no such key
  // Of a write, and of all items of write_many: so many milliseconds after the owner has taken it, by its clock, the value is
  // gone: no read, scan or condition finds it, and the store erases it. 1 to 3,153,600,000,000 (100 years); absent: it lives for
  // ever, also where the value before did not. Only in an agreed cluster all of whose members know it (feature level 2): others
  // refuse it as `unsupported`, and so do erases. A node of a former version that is asked itself ignores it.
  3: optional i64 ttl_ms
  4: optional Operation operation
}

struct ReadResult {
  1: required bool found
  2: optional binary value      // set exactly when found
  3: optional Version version   // set exactly when found
  4: optional i64 view          // fingerprint of the answering node's view
  5: optional i64 ttl_left_ms   // of a value that expires: in so many milliseconds, at least 1
  // Set where another copy than the owner has answered, also that there is no such key; at least 1. All that was acknowledged
  // earlier than so many milliseconds before the answer is seen, by the clock of the node that answered. Absent: as all that was
  // acknowledged before the call.
  6: optional i64 stale_ms_max
}

struct WriteResult {
  1: optional Version version   // what the store now holds for the key
  2: optional i64 view
}

struct EraseResult {
  1: required bool found        // there was a value to erase
  2: optional i64 view
  3: optional Version version   // of the erase; set exactly when found
}

struct Item {
  1: required binary key
  2: required binary value
  3: optional Version version   // ignored in write_many
}

// Of a scan. What is absent is the default.
struct ScanOptions {
  1: optional i32 limit         // about so many keys in one answer, at most 4,096; 1,000
  2: optional binary prefix     // only keys that begin with this; all
  3: optional bool values       // with their values; without
  // Only the keys that the asked node owns by its ring, and has: the one way to list those of a network in classic mode, which
  // takes it alone. An agreed cluster refuses it as `unsupported`.
  4: optional bool here
}

struct ScanItem {
  1: required binary key
  2: required Version version
  3: optional binary value      // if asked for, unless it no longer fitted this answer: then read the key
  4: optional i64 ttl_left_ms   // as in a ReadResult
}

struct ScanResult {
  1: required list<ScanItem> items  // may be empty before the end
  2: required binary cursor         // for the next call; empty: the scan has ended
  3: optional i64 view
  // Of a scan `here`: other nodes may still hold keys that the asked one owns. Where all members have answered by the same view
  // from the first page to the last, and none has set this, no key that existed all the while was left out.
  4: optional bool awaits_keys
}

enum StoreErrorKind {
  too_large = 1       // key or value over the configured limit; nothing was stored
  too_many = 2        // more keys in one batch than the configured limit; nothing was stored
  unavailable = 3     // the owner did not answer before the deadline; a write may or may not have happened
  not_executed = 4    // surely nothing was executed, of a batch nothing at all: no owner could be reached in time, or take it;
                      // try again
  condition_failed = 5 // the condition of the call was not met; nothing was done
  unsupported = 6     // the options do not go with this call, or with this network's mode, or the key is reserved; nothing was done
  operation_forgotten = 7 // this attempt did nothing; whether an earlier one at the operation did is not known any more. If there was
                      // none, it may be begun anew, with a number above operations_highest
}

exception StoreError {
  1: StoreErrorKind kind
  2: string message
  3: optional Version version   // of condition_failed: what the key has instead; not set: there is no such key
  4: optional i64 operations_highest  // of operation_forgotten
}

// Results of batches stand in the order of the request. A batch is not a transaction: on `unavailable` some of its keys may
// have been written; each key's write is atomic. A read changes nothing and may be repeated after either kind: which it is says
// whether an owner had been asked.
// A call that lacks a `required` argument, or has one of another type, does nothing and is answered with PROTOCOL_ERROR.
// Options that are absent are the defaults. The classic get and put need a key, too; a put without a value leaves nothing to be
// found.
// Calls that a connection sends without waiting for replies take effect in the order in which they were sent while the
// ring is steady and its nodes answer. A call that must be tried again, because its key moves or its owner is out of
// reach, may be overtaken by those behind it: who needs the order then waits for the reply. Replies never overtake.
service Store extends locator.Locator {
  string get(1: string key)                        // "" when missing; a TApplicationException when that is not known
  oneway void put(1: string key, 2: string value)

  ReadResult read(1: required binary key, 2: ReadOptions options) throws (1: StoreError error)
  WriteResult write(1: required binary key, 2: required binary value, 3: WriteOptions options) throws (1: StoreError error)
  EraseResult erase(1: required binary key, 2: WriteOptions options) throws (1: StoreError error)
  list<ReadResult> read_many(1: required list<binary> keys, 2: ReadOptions options) throws (1: StoreError error)
  list<WriteResult> write_many(1: required list<Item> items, 2: WriteOptions options) throws (1: StoreError error)
  list<EraseResult> erase_many(1: required list<binary> keys, 2: WriteOptions options) throws (1: StoreError error)

  // Lists the keys of all nodes in answers of bounded size, in no order. `cursor` is empty at first, then that of the answer
  // before, whichever node gave it; it says all about the scan but its options, and stays good while nodes come, go and start
  // again. A key that exists during the whole scan is shown at least once: again where its partition is looked through anew,
  // as after a change of its primary. What is shown was committed when its answer was given. A cursor that no scan has
  // returned is a PROTOCOL_ERROR. Only in an agreed cluster: a node in classic mode lists what is `here`, and refuses all else as
  // `unsupported`. Its cursors are worth something to itself alone: another node begins anew.
  ScanResult scan(1: required binary cursor, 2: ScanOptions options) throws (1: StoreError error)
}

// --- between stores -------------------------------------------------------------------------------------------------------

// What a node holds of a key, on its way to another node.
struct MovedItem {
  1: required binary key
  2: required binary value      // empty when erased
  3: required Version version
  4: optional bool erased       // a tombstone: the key was erased with this version
  5: optional bool latest       // the sender was the last to own the key before the receiver: nobody holds anything newer
}

// Whose keys travel, and in which transfer: all that one node gives another during one look at what it holds.
struct TransferHead {
  1: required i64 session
  2: required string donor      // as Location::name() writes it: "10.0.0.5:9900", "[::1]:9900"
  3: required i64 view          // fingerprint of the view by which the donor chose what to send
  4: optional binary members    // opaque: the donor's membership table, once the receiver has refused a key
}

struct TransferReply {
  1: required i32 stored        // items that were newer than what the receiver held
  2: required i32 kept          // items the receiver already held in the same or a newer version
  3: required i64 digest        // of the items that were taken, stored ones as they lie in the receiver's memory
  4: required list<i32> undone  // positions of items that the receiver does not own by its view: not taken
  5: required i64 view
  6: optional binary members    // the receiver's membership table, when something is undone
}

// What both sides of a transfer keep of it, to be compared. `digest` is the sum modulo 2^64, over all items, of a 64-bit hash
// of key, version, kind and value.
struct Receipt {
  1: required i64 session
  2: required string donor
  3: required string receiver
  4: required i64 view
  5: required i64 keys          // tombstones among them
  6: required i64 bytes         // of keys and values
  7: required i64 digest_before // as the donor took them out of its memory
  8: required i64 digest_after  // as the receiver confirmed them
  9: required i64 started_at_ms // since 1970, by the clock of the node that answers
  10: required i64 duration_ms
  11: required bool complete    // both sides have counted the same, or a receiver of the 2009 system has shown each key;
                                // otherwise one of them died or gave up on the way
  12: required i64 kept         // among keys: the receiver had the same or a newer version
  13: optional i64 undelivered  // keys that the donor had to give up when it ended: they are not among the others here
  14: optional list<binary> undelivered_keys  // the first of them by name, and of each name the first bytes
}

// "I own keys that you may hold."
struct TransferRequest {
  1: required string receiver   // as `donor`
  2: required i64 view
  3: optional binary members    // the receiver's membership table, when the last answer told another view
}

struct TransferRequestReply {
  1: required bool fenced       // always true: the receiver compares the views; one of an earlier version looks at both
  2: required bool handed_over        // by that ring, a look at all keys has found none that belongs elsewhere
  3: required i64 view
  4: optional binary members    // when the views differ
  5: required list<string> sources  // nodes from which this one still awaits keys itself
}

struct FetchedKey {
  1: required bool yielded        // false: the node takes itself for the key's owner; ask again when the views agree
  2: optional MovedItem item      // what it holds of the key
  3: required list<string> awaits // nodes from which it awaits this key itself: one of them may hold something newer
}

// The parts of a batch that one node owns. Results stand in the order of the request; those of indexes in `undone` mean
// nothing: the receiver does not own these keys by its view, or they no longer fitted its reply. Nothing was done for them.
struct ReadPart {
  1: required list<ReadResult> results
  2: required list<i32> undone
  3: optional string why  // of one that is undone
}
struct WritePart {
  1: required list<WriteResult> results
  2: required list<i32> undone
  3: optional string refused             // why some of the undone are not to be asked for again
  4: optional string why                 // of one that is undone
}
struct ErasePart {
  1: required list<EraseResult> results
  2: required list<i32> undone
  3: optional string why  // of one that is undone
}

// Between stores only; nothing here is passed on, so that views which differ never send a call round in circles.
service StorePeer {
  // Keys that change their owner. The sender deletes what a reply confirms by count and digest, nothing else.
  TransferReply transfer(1: required list<MovedItem> items, 2: required TransferHead head)

  // The donor has sent everything; answered with the receiver's receipt.
  Receipt finish(1: required Receipt donors)

  TransferRequestReply claim(1: required TransferRequest claim)

  // What the node holds of keys that the caller owns now and has not got yet.
  list<FetchedKey> pull(1: required list<binary> keys)

  // The newest transfers of this node, the oldest first; a bounded number.
  list<Receipt> receipts()

  // A part of a batch: answered for the keys that the receiver owns.
  ReadPart read_here(1: required list<binary> keys, 2: ReadOptions options)
  WritePart write_here(1: required list<Item> items, 2: WriteOptions options)
  ErasePart erase_here(1: required list<binary> keys, 2: WriteOptions options)
}

// --- the state of services ------------------------------------------------------------------------------------------------

enum StateOutcome {
  done = 1
  missing = 2           // of a read: nothing is there
  condition_failed = 3  // nothing was done
  not_executed = 4      // nothing was done: the receiver does not serve the key at the moment
  overloaded = 5        // nothing was done: a limit of the receiver
  unknown = 6           // the change may have been made, or may still be
}

struct StateReply {
  1: required StateOutcome outcome
  2: optional binary value      // of a read that found something
  3: optional Version version   // of what was found or written
  4: optional string why        // of the last three
}

// Always with a condition: what a change was made from must still be there.
struct StateChange {
  1: required binary key
  2: optional binary value      // not set: the entry is erased
  3: optional Version if_version  // not set: only if there is no entry
}

// Entries of the reserved form (docs/protocol.md), which clients do not see. Taken on connections of nodes alone, and answered by
// the primary of the route key; nothing is passed on.
service StoreSpaces {
  StateReply read_state(1: required binary key)
  StateReply change_state(1: required StateChange change)
}
