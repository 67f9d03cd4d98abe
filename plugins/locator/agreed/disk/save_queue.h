// How does a strand save what it promises without waiting for the disk? Writes one record at a time on a thread of its
// own, and of those that wait only the newest: each replaces the one before it.
#pragma once

#include "agreed/disk/node_folder.h"

#include <p2p/result.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <variant>

namespace p2p::agreed {

// Holds one record at most, besides the one that is being written.
class SaveQueue final {
 public:
  using SaveId = std::uint64_t;
  using Encode = std::function<std::string()>;

  // Run on the thread of run(), one at a time, without a lock held: they may call the queue, and usually post to a
  // strand.
  struct Events {
    std::function<void(SaveId highest)> saved;  // this record, and so what all before it said, is on disk
    std::function<void(Error)> failed;          // once: nothing is written any more, and the node has to stop
    std::function<void(Identity, Retired)> retired;
    std::function<void()> network_end_marked;
  };

  // `folder` outlives this, and is used by nobody else while run() runs.
  SaveQueue(NodeFolder& folder, Events events) : folder_(folder), events_(std::move(events)) {}

  // Each id is higher than the one before. `encode` runs at most once, on the thread of run(); not at all when a newer
  // record came before its turn. Ignored once something has failed, or after retire(), mark_network_end() or the end of
  // run(). [any thread]
  void save(SaveId id, Encode encode);
  void save(SaveId id, std::string bytes);

  // Ends the identity, or marks that the network has ended (see NodeFolder), after the record that is being written.
  // What waits is dropped; a second call is ignored. [any thread]
  void retire(std::string reason, const cluster::ClusterId& ended_network = {});
  void mark_network_end(const cluster::ClusterId& network, std::string reason);

  // For the identity that `retired` has told: saves are taken again, and their ids may begin anew. [any thread]
  void resume();

  // The body of the thread: returns when a stop is requested, after writing what waits.
  void run(const std::stop_token& stop);

 private:
  enum class State : std::uint8_t { open, ending, over };
  struct Record {
    SaveId id = 0;
    Encode encode;
  };
  struct Ending {
    std::string reason;
    cluster::ClusterId ended_network = {};
    bool begins_anew = false;  // in this process
  };

  using Work = std::variant<std::monostate, Record, Ending>;

  void end(Ending ending);
  Work take(const std::stop_token& stop);  // nothing: stopped
  void perform(const std::monostate&) {}
  void perform(const Record& record);
  void perform(const Ending& ending);
  void fail(const Error& error);

  NodeFolder& folder_;
  const Events events_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  State state_ = State::open;
  SaveId last_id_ = 0;
  Work waiting_;
};

}  // namespace p2p::agreed
