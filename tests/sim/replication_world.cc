#include "replication_world.h"

#include "replication/fill_scan.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {

using namespace std::chrono_literals;
namespace replication = diststore::replication;

namespace {

constexpr Duration kClocksDifferMax = 400ms;

ClusterWorldOptions with_durability(ClusterWorldOptions options) {
  options.durability = options.seed % 5 < 3 ? cluster::Durability::memory : cluster::Durability::durable;
  if (options.nodes == 0) options.nodes = 3 + options.seed / 8 % 5;
  options.partitions = options.seed / 40 % 2 == 0 ? 2 : 4;
  return options;
}

}  // namespace

ReplicationWorld::ReplicationWorld(const ClusterWorldOptions& options)
    : ClusterWorld(with_durability(options)),
      partitions_(options_.partitions),
      is_durable_(options_.durability == cluster::Durability::durable),
      born_(partitions_) {
  replication_options_.is_durable = is_durable_;
  // Some runs have a log that reaches back over a few writes alone.
  if (time_.happens(0.5)) replication_options_.key_log_bytes_max = 200 + time_.below(8000);
  if (time_.happens(0.5)) replication_options_.operations_max = 4 + time_.below(60);
  replication_options_.material_kept = time_.happens(0.5) ? Duration(2s) : Duration(60s);
  if (time_.happens(0.5)) stall_ = static_cast<double>(time_.below(40)) * 0.001;
  if (time_.happens(0.5)) slow_read_ = 0.05;
  if (time_.happens(0.3)) crash_at_sync_ = 0.01;
  if (time_.happens(0.4)) danger_ = 0.3;
  think_max_ = time_.happens(0.5) ? 10ms : 40ms;
  const std::size_t keys_of_each = 2 + time_.below(2);
  std::vector<std::size_t> found(partitions_);
  for (int number = 0; keys_.size() < keys_of_each * partitions_; ++number) {
    std::string name = "key" + std::to_string(number);
    const Number partition = placement::partition_of(name, partitions_);
    if (found[partition]++ >= keys_of_each) continue;
    key_numbers_[name] = keys_.size();
    keys_.push_back({.name = std::move(name), .partition = partition});
  }
  if (time_.happens(0.7)) expires_ = 0.3;
  if (time_.happens(0.8)) named_ = time_.happens(0.5) ? 1 : 0.5;
  if (time_.happens(0.5)) delayed_ = 0.1;
  set_clocks();
  start_clients();
}

std::vector<std::string> ReplicationWorld::run_store() {
  const auto checked = [this] { check(); };
  time_.run(time_.now() + options_.troubled_for, checked);
  if (broken_.empty()) {
    heal();
    const TimePoint patience = time_.now() + 25s;
    while (broken_.empty() && time_.now() < patience && !why_store_not_at_rest().empty()) {
      time_.run(time_.now() + 200ms, checked);
      const bool is_served = std::ranges::all_of(
          clients_, [](const Client& client) { return client.reads_healed > 1 && client.writes_healed > 1; });
      if ((is_served || are_all_lost()) && why_not_at_rest().empty()) clients_stop_ = true;
    }
    if (const std::string why = why_store_not_at_rest(); broken_.empty() && !why.empty()) violate(why);
  }
  if (broken_.empty()) check_histories();
  return broken_;
}

// --- processes -------------------------------------------------------------------------------------------------------

ReplicationWorld::Store& ReplicationWorld::store(Index at) {
  auto& found = stores_[at];
  if (found == nullptr) found = std::make_unique<Store>();
  return *found;
}

replication::Moment ReplicationWorld::moment(Index at) const {
  const Machine& machine = *machines_[at];
  const TimePoint lease = machine.member == nullptr ? TimePoint::min() : machine.member->agreement().lease_held_until();
  return {local(at), lease, wall(at)};
}

// The time of day as a node has it: it is wrong, and it is set.
diststore::WallMs ReplicationWorld::wall(Index at) const {
  const auto there = stores_.find(at);
  const Duration ahead = there == stores_.end() ? Duration{} : there->second->clock_ahead;
  return kWallStart + static_cast<diststore::WallMs>((time_.now().time_since_epoch() + ahead) / 1ms);
}

// Now and then one of them, forwards or backwards.
void ReplicationWorld::set_clocks() {
  store(time_.below(machines_.size())).clock_ahead = time_.between(0ms, kClocksDifferMax);
  if (!is_healed_) time_.after(time_.between(50ms, 800ms), [this] { set_clocks(); });
}

void ReplicationWorld::note_stored(std::string_view name, const diststore::StoredEntry& entry) {
  Key& key = keys_[key_numbers_.find(name)->second];
  const int value = std::stoi(entry.value);
  key.values[replication::version_of(entry.version)] = value;
  if (key.ended.contains(value)) {
    if (key.ended[value] != entry.expires_at) violate("a copy of " + key.name + " has another end");
  } else if (entry.expires_at != diststore::kNoExpiry) {
    const auto [known, is_new] = key.expiring.try_emplace(value, entry.expires_at);
    if (known->second != entry.expires_at) violate("a copy of " + key.name + " has another end");
  } else if (key.expiring.contains(value)) {
    violate("a copy of " + key.name + " lives for ever");
  }
}

std::unique_ptr<SimulatedHost> ReplicationWorld::make_host(Index at) {
  const auto stored = [this](std::string_view key, const diststore::StoredEntry& entry) { note_stored(key, entry); };
  auto engine = std::make_unique<ReplicationEngine>(partitions_, stored);
  Store& here = store(at);
  if (is_durable_) engine->set_content(here.disk.content);
  const cluster::Boot boot{.number = machines_[at]->boots, .nonce = at + 1};
  auto host = std::make_unique<ReplicationHost>(
      machines_[at]->id, boot, std::move(engine), replication_options_,
      [this, at] { return moment(at).lease_held_until; }, [this, at] { return wall(at); },
      [this, at](Effects& effects) { obey(at, effects); });
  if (is_durable_)
    for (const auto& [number, state] : here.disk.states) host->replicas.restore(number, state);
  here.host = host.get();
  here.has_flush_to_come = false;
  here.asked_for_map.clear();
  here.dials_at.clear();
  here.dialling.clear();
  on_machine(at, time_.now() + time_.between(1ms, 20ms), [this, at] { beat(at); });
  return host;
}

// Connections break; of what was not synced, any first part is on disk.
void ReplicationWorld::on_crash(Index at) {
  Store& here = store(at);
  here.host = nullptr;
  const std::size_t kept = time_.below(here.unsynced.size() + 1);
  if (kept > 0) here.disk = here.unsynced[kept - 1].second;
  here.unsynced.clear();
  here.synced_last = {};
  for (auto& [ends, connection] : connections_) {
    if (connection.id == 0) continue;
    if (ends.first == at) {
      connection.id = 0;
      on_machine(ends.second, time_.now() + time_.between(200us, 20ms), [this, from = ends.first, to = ends.second] {
        if (this->connection(from, to).id != 0) return;
        store(to).host->replicas.on_peer_gone(static_cast<replication::Node>(from + 1));
      });
    } else if (ends.second == at) {
      break_soon(ends.first, at, time_.between(1ms, 30ms));
    }
  }
}

void ReplicationWorld::obey(Index at, Effects& effects) {
  check_answers(at, effects);
  for (auto& send : effects.sends) send_message(at, index_of_node(send.to), std::move(send.message));
  for (auto& one : effects.scans) scan(at, std::move(one));
  if (effects.sync != 0) sync(at, effects.sync);
  for (auto& answer : effects.answers) answer_soon(at, std::move(answer));
  for (const replication::Node node : effects.maps_wanted) want_map(at, index_of_node(node));
  for (const replication::Node node : effects.maps_told) {
    const Index to = index_of_node(node);
    if (machines_[to]->member != nullptr) carry(at, to, [this, at, to] { want_map(to, at); });
  }
  for (const replication::Node node : effects.hang_ups) break_soon(index_of_node(node), at, 1ms);
  effects.clear();
  flush(at, time_.happens(0.7));
}

// Sooner or later.
void ReplicationWorld::flush(Index at, bool now) {
  Store& here = store(at);
  if (here.host == nullptr) return;
  if (now) {
    Effects effects;
    here.host->replicas.flush(moment(at), effects);
    if (!effects.sends.empty() || effects.sync != 0) obey(at, effects);
    return;
  }
  if (std::exchange(here.has_flush_to_come, true)) return;
  on_machine(at, time_.now() + time_.between(5us, 2ms), [this, at] {
    store(at).has_flush_to_come = false;
    flush(at, true);
  });
}

void ReplicationWorld::sync(Index at, replication::SyncId id) {
  Store& here = store(at);
  Disk disk{.content = here.host->engine->content()};
  for (Number number = 0; number < partitions_; ++number)
    if (const replication::CopyState* state = here.host->replicas.state(number)) {
      disk.states[number] = *state;
      for (auto& one : disk.states[number].uncommitted.entries()) one.request = replication::kNoRequest;
    }
  here.unsynced.emplace_back(id, std::move(disk));
  Duration takes = time_.between(100us, 600us);
  if (!is_healed_ && time_.happens(0.01)) takes += time_.between(1ms, 80ms);
  here.synced_last = std::max(here.synced_last + 1us, time_.now() + takes);
  on_machine(at, here.synced_last, [this, at, id] {
    Store& synced = store(at);
    while (!synced.unsynced.empty() && synced.unsynced.front().first <= id) {
      synced.disk = std::move(synced.unsynced.front().second);
      synced.unsynced.pop_front();
    }
    if (is_troubled() && time_.happens(crash_at_sync_)) return crash(at, time_.between(5ms, 1500ms));
    Effects effects;
    synced.host->replicas.on_synced(id, moment(at), effects);
    obey(at, effects);
  });
}

// What was found may be old when it comes.
void ReplicationWorld::scan(Index at, replication::Scan wanted) {
  on_machine(at, time_.now() + time_.between(1us, 2ms), [this, at, wanted = std::move(wanted)] {
    auto found = replication::scan_for_fill(*store(at).host->engine, wanted).value();
    on_machine(at, time_.now() + (time_.happens(0.2) ? time_.between(1ms, 60ms) : time_.between(1us, 2ms)),
               [this, at, found = std::move(found)] {
                 Effects effects;
                 store(at).host->replicas.on_scanned(found, effects);
                 obey(at, effects);
               });
  });
}

// What a shell's timers do.
void ReplicationWorld::beat(Index at) {
  Store& here = store(at);
  dial_wanted(at);
  if (local(at) >= here.host->replicas.next_wakeup()) {
    Effects effects;
    here.host->replicas.tick(moment(at), effects);
    obey(at, effects);
  }
  on_machine(at, time_.now() + time_.between(10ms, 25ms), [this, at] { beat(at); });
}

void ReplicationWorld::want_map(Index at, Index from) {
  Store& here = store(at);
  if (here.host == nullptr) return;
  TimePoint& asked = here.asked_for_map[from];
  if (asked + 10ms > time_.now() && asked != TimePoint{}) return;
  asked = time_.now();
  send(at, from, cluster::FetchMap{});
}

}  // namespace p2p::sim
