#include "replication_world.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {

using namespace std::chrono_literals;
namespace replication = diststore::replication;

void ReplicationWorld::dial_wanted(Index at) {
  Store& here = store(at);
  for (const replication::Node node : here.host->wanted()) {
    const Index to = index_of_node(node);
    if (connection(at, to).id != 0 || here.dialling.contains(to) || time_.now() < here.dials_at[to]) continue;
    dial(at, to);
  }
}

// A process that hangs is connected to by its system; what is said to it waits.
void ReplicationWorld::dial(Index at, Index to) {
  store(at).dialling.insert(to);
  on_machine(at, time_.now() + time_.between(400us, 4ms), [this, at, to] {
    Store& here = store(at);
    here.dialling.erase(to);
    here.dials_at[to] = time_.now() + time_.between(10ms, 40ms);
    if (machines_[to]->member == nullptr || is_cut(at, to) || is_cut(to, at) || time_.happens(loss_)) return;
    Connection& made = connection(at, to);
    if (made.id != 0) return;
    made = {.id = ++connection_ids_, .life_there = machines_[to]->life};
    trace("connected " + std::to_string(at) + " to " + std::to_string(to));
    Effects effects;
    here.host->replicas.on_connected(static_cast<replication::Node>(to + 1), moment(at), effects);
    obey(at, effects);
  });
}

// Where a death is rarely survived by a wrong rule: a sync that names writes under way, an item that is not committed.
void ReplicationWorld::endanger(Index from, Index to, const Message& message) {
  if (!is_troubled()) return;
  const auto* sync = std::get_if<replication::Sync>(&message.body);
  const auto* items = std::get_if<replication::Items>(&message.body);
  const bool is_critical =
      (sync != nullptr && !sync->entries.empty()) ||
      (items != nullptr && std::ranges::any_of(items->items, &replication::Item::is_uncommitted)) ||
      std::holds_alternative<replication::Fetch>(message.body);
  if (!is_critical || !time_.happens(danger_)) return;
  const Index dies = time_.happens(0.5) ? from : to;
  const Duration away = time_.happens(0.7) ? time_.between(5ms, 100ms) : time_.between(100ms, 2s);
  time_.after(time_.between(0ms, 15ms), [this, dies, away] { crash(dies, away); });
}

// In order, until something is lost: then the connection breaks.
void ReplicationWorld::send_message(Index from, Index to, Message message) {
  endanger(from, to, message);
  const bool is_answer = replication::is_from_copy(message);
  const Index maker = is_answer ? to : from;
  const Index other = is_answer ? from : to;
  Connection& over = connection(maker, other);
  if (over.id == 0 || over.is_breaking || over.life_there != machines_[other]->life) return;
  if (is_cut(from, to) || time_.happens(loss_ * 0.1)) {
    over.is_breaking = true;
    return break_soon(maker, other, time_.between(2ms, 300ms));
  }
  TimePoint& last = over.last_arrival[is_answer ? 1 : 0];
  Duration takes = time_.between(150us, 700us);
  if (!is_healed_ && time_.happens(stall_)) takes += time_.between(5ms, time_.happens(0.3) ? 900ms : 100ms);
  last = std::max(last + 1us, time_.now() + takes);
  on_machine(to, last, [this, from, to, maker, other, id = over.id, message = std::move(message)] {
    if (connection(maker, other).id != id) return;
    Effects effects;
    store(to).host->replicas.on_message(static_cast<replication::Node>(from + 1), message, moment(to), effects);
    obey(to, effects);
  });
}

void ReplicationWorld::break_soon(Index from, Index to, Duration after) {
  const std::uint64_t id = connection(from, to).id;
  if (id == 0) return;
  connection(from, to).is_breaking = true;
  time_.after(after, [this, from, to, id] { end_connection(from, to, id); });
}

void ReplicationWorld::end_connection(Index from, Index to, std::uint64_t id) {
  Connection& ended = connection(from, to);
  if (ended.id != id) return;
  ended.id = 0;
  trace("disconnected " + std::to_string(from) + " from " + std::to_string(to));
  on_machine(from, time_.now(), [this, from, to] {
    if (connection(from, to).id == 0)
      store(from).host->replicas.on_disconnected(static_cast<replication::Node>(to + 1), moment(from));
  });
  on_machine(to, time_.now(), [this, from, to] {
    if (connection(from, to).id == 0) store(to).host->replicas.on_peer_gone(static_cast<replication::Node>(from + 1));
  });
}

}  // namespace p2p::sim
