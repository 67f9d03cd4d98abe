// What do the cores ask of their shell? Values that it obeys in this order: sends, scans, syncs, answers. The shell
// keeps one Effects and clears it, so that nothing is allocated for each call.
#pragma once

#include "engine/engine.h"
#include "replication/messages.h"

#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::diststore::replication {

// The time, until when this node may act as primary (L3), and the time of day by its clock, which may be set, for
// values that expire.
struct Moment {
  TimePoint now;
  TimePoint lease_held_until;
  WallMs wall = 0;

  bool has_lease() const noexcept { return lease_held_until > now; }
};

// Names a call of a client; the shell's own.
using RequestId = std::uint64_t;
inline constexpr RequestId kNoRequest = 0;

enum class Verdict : std::uint8_t {
  done,              // of a write: it is on every in-sync copy; of a read: `write` holds the value
  missing,           // of a read, or of an erase alone: there is no such key
  condition_failed,  // nothing was done; `version` is what is there (kNoVersion: nothing)
  refused,           // surely not begun: to be tried again, perhaps elsewhere (W6)
  overloaded,        // surely not begun: too many are under way (under_way_max, waiting_max)
  full,              // surely not begun: it would store more, and a node that has to take it has reached memory_max
  forgotten,         // surely not done by this attempt: whether by an earlier one is not known any more
  unknown,           // it may be done, now or later (W6)
};

struct Answer {
  RequestId request = kNoRequest;
  Verdict verdict = Verdict::refused;
  bool is_write = false;  // it was taken as a write
  Partition partition = 0;
  Epoch term = 0;            // in which it was served; see Replicas::verdict_now()
  TimePoint committed_at{};  // of a write that is done
  WriteVersion version = {};
  BatchPtr batch = {};              // of a write: as it was done; of a read: what holds the value
  const KeyWrite* write = nullptr;  // in `batch`: what was read
  Node full_node = kNoNode;         // of one that is full: whose memory it is; kNoNode: this node's
  MemoryUse memory = {};            // likewise
  std::string why = {};             // of one that is full, for people: the shell's words
  // Of a write that was refused because fewer copies are in sync than it needs (W1): how many; else 0.
  std::size_t copies_in_sync = 0;
  std::size_t copies_required = 0;
  std::uint64_t operations_highest = 0;  // of one that is forgotten: a number above it may be new
};

// Entries of a partition, for a backfill. The shell may run it on another thread, by scan_for_fill() (fill_scan.h), and
// comes back with Replicas::on_scanned(). What it finds may be old by then (I8).
struct Scan {
  Partition partition = 0;
  StreamId stream = 0;
  ScanPosition from = {};
};

struct Scanned {
  Partition partition = 0;
  StreamId stream = 0;
  ScanPosition at = {};
  std::vector<Item> items = {};
};

// All that was changed, in the engine and in the states of partitions, up to the moment when it was given.
using SyncId = std::uint64_t;

struct Effects {
  struct Send {
    Node to = kNoNode;
    Message message;
  };

  std::vector<Send> sends;
  std::vector<Scan> scans;
  // Not 0: what has changed until now is to be written to disk and synced, with all before it; then
  // Replicas::on_synced(). Only of an engine that is durable.
  SyncId sync = 0;
  std::vector<Partition> changed;  // with it: since the sync before; Replicas::state() has what goes with the values
  std::vector<Answer> answers;
  std::vector<Node> maps_wanted;  // these know a newer map than this node; their messages wait for it (W3)
  std::vector<Node> maps_told;    // these know an older one
  std::vector<Node> hang_ups;     // the connections that these have made are to be broken: something on them was lost

  void clear() noexcept {
    sends.clear();
    scans.clear();
    sync = 0;
    changed.clear();
    answers.clear();
    maps_wanted.clear();
    maps_told.clear();
    hang_ups.clear();
  }
};

}  // namespace p2p::diststore::replication
