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

struct ReadOptions {}
struct WriteOptions {}

struct ReadResult {
  1: required bool found
  2: optional binary value      // set exactly when found
  3: optional Version version   // set exactly when found
  4: optional i64 view          // fingerprint of the answering node's view
}

struct WriteResult {
  1: optional Version version   // what the store now holds for the key
  2: optional i64 view
}

struct EraseResult {
  1: required bool found        // there was a value to erase
  2: optional i64 view
}

struct Item {
  1: required binary key
  2: required binary value
  3: optional Version version   // ignored in write_many; set when items move between nodes
}

enum StoreErrorKind {
  too_large = 1       // key or value over the configured limit; nothing was stored
  too_many = 2        // more keys in one batch than the configured limit; nothing was stored
  unavailable = 3     // the owner did not answer before the deadline; a write may or may not have happened
}

exception StoreError {
  1: StoreErrorKind kind
  2: string message
}

// Results of batches stand in the order of the request. A batch is not a transaction: on StoreError some of its keys may
// have been written; each key's write is atomic.
service Store extends locator.Locator {
  string get(1: string key)                        // "" when missing
  oneway void put(1: string key, 2: string value)

  ReadResult read(1: binary key, 2: ReadOptions options) throws (1: StoreError error)
  WriteResult write(1: binary key, 2: binary value, 3: WriteOptions options) throws (1: StoreError error)
  EraseResult erase(1: binary key, 2: WriteOptions options) throws (1: StoreError error)
  list<ReadResult> read_many(1: list<binary> keys, 2: ReadOptions options) throws (1: StoreError error)
  list<WriteResult> write_many(1: list<Item> items, 2: WriteOptions options) throws (1: StoreError error)
  list<EraseResult> erase_many(1: list<binary> keys, 2: WriteOptions options) throws (1: StoreError error)
}

struct TransferReply {
  1: required i32 stored        // items that were newer than what the receiver held
  2: required i32 kept          // items the receiver already held in the same or a newer version
}

// The parts of a batch that one node owns. Results stand in the order of the request; those of indexes in `undone` mean
// nothing: the receiver does not own these keys by its view, or they no longer fitted its reply. Nothing was done for them.
struct ReadPart {
  1: required list<ReadResult> results
  2: required list<i32> undone
}
struct WritePart {
  1: required list<WriteResult> results
  2: required list<i32> undone
}
struct ErasePart {
  1: required list<EraseResult> results
  2: required list<i32> undone
}

// Between stores only. transfer: keys that change their owner; the sender deletes what a reply has confirmed, nothing else.
// The others answer for keys the receiver owns, and pass nothing on.
service StorePeer {
  TransferReply transfer(1: list<Item> items)

  ReadPart read_here(1: list<binary> keys, 2: ReadOptions options)
  WritePart write_here(1: list<Item> items, 2: WriteOptions options)
  ErasePart erase_here(1: list<binary> keys, 2: WriteOptions options)
}
