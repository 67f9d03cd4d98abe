#include "cluster_world.h"

#include <algorithm>

namespace p2p::sim {

using namespace std::chrono_literals;

void ClusterWorld::carry(Index from, Index to, std::function<void()> arrive) {
  if (from == to) return on_machine(to, time_.now() + time_.between(1us, 30us), std::move(arrive));
  if (is_cut(from, to) || time_.happens(loss_)) return;
  const auto delay = [this] {
    Duration takes = time_.between(200us, 800us);
    if (time_.happens(long_delay_)) takes += time_.between(1ms, 900ms);
    return takes;
  };
  if (!is_healed_ && time_.happens(0.01)) on_machine(to, time_.now() + delay(), arrive);  // twice
  on_machine(to, time_.now() + delay(), std::move(arrive));
}

void ClusterWorld::send(Index from, Index to, cluster::MemberRequest request) {
  if (machines_[to]->member == nullptr) {
    if (std::holds_alternative<cluster::FetchMap>(request)) probe(from, to);  // the connect is refused
    return;
  }
  const cluster::RequestId id = ++requests_ << 16 | from;
  carry(from, to, [this, to, id, sender = machines_[from]->member->sender(), request = std::move(request)] {
    Machine& receiver = *machines_[to];
    receiver.heard_at[sender.node] = time_.now();
    std::uint64_t& boot = receiver.boots_heard[sender.node];
    // A connection of an earlier process has ended by the time a later one's begins.
    if (sender.boot.number < boot) return;
    if (sender.boot.number > boot) {
      boot = sender.boot.number;
      cluster::MemberEffects effects;
      receiver.member->on_ended(sender.node, boot - 1, local(to), effects);
      apply(to, effects);
    }
    cluster::MemberEffects effects;
    receiver.member->on_request(sender, request, id, local(to), effects);
    apply(to, effects);
  });
}

void ClusterWorld::answer(Index from, cluster::AgreementEffects::Answer answer) {
  const Index to = answer.to & 0xffff;
  if (machines_[to]->member == nullptr) return;
  carry(from, to, [this, to, sender = machines_[from]->member->sender(), reply = std::move(answer.reply)] {
    cluster::MemberEffects effects;
    machines_[to]->member->on_reply(sender, reply, local(to), effects);
    apply(to, effects);
  });
}

// A connect (L4): refused by the machine, or answered by another boot of the same id; a machine that hangs does
// neither.
void ClusterWorld::probe(Index from, Index to) {
  if (is_cut(from, to) || is_cut(to, from) || time_.happens(loss_)) return;
  const Machine& prober = *machines_[from];
  const auto map = prober.member->map();
  if (map == nullptr) return;
  const cluster::NodeId& id = machines_[to]->id;
  const cluster::Slot slot = map->slot_of(id);
  const auto heard = prober.boots_heard.find(id);
  const std::uint64_t known = std::max(slot == cluster::kNoSlot ? 0 : map->at(slot).boot.number,
                                       heard == prober.boots_heard.end() ? 0 : heard->second);
  const Duration way = time_.between(100us, 2ms);
  time_.after(way, [this, from, to, known, way, life = prober.life] {
    const Machine& there = *machines_[to];
    if (there.is_paused || is_cut(to, from)) return;
    const std::uint64_t ended = there.member == nullptr ? known : there.boots - 1;
    time_.after(way, [this, from, to, ended, life] {
      deliver(from, life, [this, from, to, ended] {
        cluster::MemberEffects effects;
        machines_[from]->member->on_ended(machines_[to]->id, ended, local(from), effects);
        apply(from, effects);
      });
    });
  });
}

// What a shell does: whoever has not been heard of for a while is tried, by voters; by others if their services happen
// to call that member.
void ClusterWorld::probe_the_silent(Index at) {
  Machine& machine = *machines_[at];
  const auto map = machine.member->map();
  if (map == nullptr || !(machine.member->agreement().may_decide() ? options_.voters_look : others_look_)) return;
  for (const cluster::Member& member : map->members) {
    if (!member.is_up() || member.id == machine.id) continue;
    TimePoint& heard = machine.heard_at[member.id];
    if (heard + 450ms > time_.now()) continue;
    heard = time_.now() - 250ms;  // again in 200 ms
    probe(at, index_of(member.id));
  }
}

void ClusterWorld::cut(Index from, Index to, Duration for_so_long) {
  if (from == to) return;
  ++cut_[from][to];
  time_.after(for_so_long, [this, from, to] {
    if (!is_healed_) --cut_[from][to];
  });
}

}  // namespace p2p::sim
