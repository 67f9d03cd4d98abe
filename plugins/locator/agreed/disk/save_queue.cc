#include "agreed/disk/save_queue.h"

#include <p2p/assert.h>

#include <utility>

namespace p2p::agreed {

void SaveQueue::save(SaveId id, Encode encode) {
  const std::scoped_lock lock(mutex_);
  if (state_ != State::open) return;
  P2P_ASSERT(id > last_id_, "each save has a higher id than the one before");
  last_id_ = id;
  waiting_ = Record{id, std::move(encode)};
  wake_.notify_one();
}

void SaveQueue::save(SaveId id, std::string bytes) {
  save(id, Encode([bytes = std::move(bytes)] { return bytes; }));
}

void SaveQueue::retire(std::string reason, const cluster::ClusterId& ended_network) {
  end({.reason = std::move(reason), .ended_network = ended_network, .begins_anew = true});
}

void SaveQueue::mark_network_end(const cluster::ClusterId& network, std::string reason) {
  end({.reason = std::move(reason), .ended_network = network});
}

void SaveQueue::end(Ending ending) {
  const std::scoped_lock lock(mutex_);
  if (state_ != State::open) return;
  state_ = State::ending;
  waiting_ = std::move(ending);
  wake_.notify_one();
}

void SaveQueue::resume() {
  const std::scoped_lock lock(mutex_);
  if (state_ == State::over) return;
  P2P_ASSERT(state_ == State::ending && waiting_.index() == 0, "the former identity has been retired");
  state_ = State::open;
  last_id_ = 0;
}

void SaveQueue::run(const std::stop_token& stop) {
  for (Work work = take(stop); work.index() != 0; work = take(stop)) {
    std::visit([this](const auto& what) { perform(what); }, work);
  }
}

SaveQueue::Work SaveQueue::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, stop, [this] { return waiting_.index() != 0; });
  // What waits now is the last: a strand that goes on saving does not hold up the stop.
  if (stop.stop_requested()) state_ = State::over;
  return std::exchange(waiting_, Work());
}

void SaveQueue::perform(const Record& record) {
  if (auto saved = folder_.save(record.encode()); !saved.ok()) return fail(saved.error());
  events_.saved(record.id);
}

void SaveQueue::perform(const Ending& ending) {
  if (!ending.begins_anew) {
    auto marked = folder_.mark_network_ended(ending.ended_network, ending.reason);
    if (!marked.ok()) return fail(marked.error());
    return events_.network_end_marked();
  }
  auto retired = folder_.retire(ending.reason, ending.ended_network);
  if (!retired.ok()) return fail(retired.error());
  events_.retired(folder_.self(), std::move(retired).value());
}

void SaveQueue::fail(const Error& error) {
  {
    const std::scoped_lock lock(mutex_);
    state_ = State::over;
    waiting_ = Work();
  }
  events_.failed(error);
}

}  // namespace p2p::agreed
