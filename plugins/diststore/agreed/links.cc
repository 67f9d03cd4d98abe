#include "agreed/links.h"

#include <algorithm>
#include <iterator>

namespace p2p::diststore::agreed {

using replication::Message;
using replication::Node;

namespace {

Duration allowance_of(std::size_t bytes) {
  constexpr auto kMicrosecond = std::chrono::microseconds(1);
  const Duration wanted = kMicrosecond * static_cast<std::int64_t>(bytes * 1'000'000 / kLinkBytesPerSecondMin);
  return std::min(wanted, kDeliverDeadlineMax - kDeliverDeadline);
}

}  // namespace

Links::Link* Links::find(Node node, SessionId session) {
  const auto found = links_.find(node);
  return found == links_.end() || found->second.session != session ? nullptr : &found->second;
}

std::pair<const Node, Links::Link>* Links::find(SessionId session) {
  const auto found = std::ranges::find_if(
      links_, [session](const auto& one) { return one.second.state == State::open && one.second.session == session; });
  return found == links_.end() ? nullptr : &*found;
}

bool Links::is_open(Node to) const {
  const auto found = links_.find(to);
  return found != links_.end() && found->second.state == State::open;
}

void Links::want(std::span<const Node> nodes, TimePoint now, LinkEffects& effects) {
  for (auto at = links_.begin(); at != links_.end();) {
    auto& [node, link] = *at;
    if (std::ranges::find(nodes, node) != nodes.end()) {
      ++at;
      continue;
    }
    close(node, link, now, effects);
    at = links_.erase(at);
  }
  for (const Node node : nodes) links_.try_emplace(node);
}

void Links::mark_ready(Node node, Link& link) {
  if (!std::exchange(link.is_ready, true)) ready_.push_back(node);
}

void Links::send(Node to, Message message) {
  const auto found = links_.find(to);
  if (found == links_.end() || found->second.state != State::open) return;
  Link& link = found->second;
  const std::size_t bytes = bytes_of(message);
  link.queue.push_back(std::move(message));
  link.queue_bytes += bytes;
  queued_bytes_ += bytes;
  mark_ready(to, link);
}

// --- how calls end ---------------------------------------------------------------------------------------------------

void Links::on_opened(Node to, SessionId session, bool is_taken, TimePoint now, LinkEffects& effects) {
  Link* const link = find(to, session);
  if (link == nullptr || link->state != State::opening) return;
  if (!is_taken) return close(to, *link, now, effects);
  link->state = State::open;
  link->failures = 0;
  link->unsent_since = TimePoint::max();
  link->opened_at = now;
  effects.connected.push_back(to);
}

void Links::on_delivered(Node to, SessionId session, CallNumber number, Numbered* answers, TimePoint now,
                         LinkEffects& effects) {
  Link* const link = find(to, session);
  if (link == nullptr || link->state != State::open) return;
  if (answers == nullptr) return close(to, *link, now, effects);
  std::erase_if(link->in_flight, [number](const Sent& one) { return one.said->number == number; });
  link->unsent_since = TimePoint::max();
  note_allowance(to, *link, effects);
  mark_ready(to, *link);
  if (answers->number != 0) take(to, *link, *answers, now, effects);
}

void Links::on_unsent(Node to, SessionId session, CallNumber number, TimePoint now, LinkEffects& effects) {
  Link* const link = find(to, session);
  if (link == nullptr || link->state == State::broken) return;
  link->unsent_since = std::min(link->unsent_since, now);
  const bool is_excused = now < link->unsent_since + kUnsentMax;
  if (!is_excused || link->state == State::opening) {
    close(to, *link, now, effects);
    if (is_excused) effects.excused.push_back(to);
    return;
  }
  for (Sent& one : link->in_flight)
    if (one.said->number == number) one.again_at = now + kUnsentPause;
}

bool Links::on_answer(SessionId session, Numbered answers, TimePoint now, LinkEffects& effects) {
  auto* const found = find(session);
  if (found == nullptr) return false;
  take(found->first, found->second, answers, now, effects);
  return found->second.state == State::open;
}

void Links::on_end(SessionId session, TimePoint now, LinkEffects& effects) {
  if (auto* const found = find(session)) close(found->first, found->second, now, effects);
}

// In their order. One that comes twice was sent again, as its sender did not know that it had come.
void Links::take(Node from, Link& link, Numbered& answers, TimePoint now, LinkEffects& effects) {
  if (answers.number <= link.taken) return;
  if (answers.number > link.taken + kEarlyMax) return close(from, link, now, effects);
  if (answers.number != link.taken + 1) {
    link.early.insert_or_assign(answers.number, std::move(answers.messages));
    return;
  }
  ++link.taken;
  effects.answers.push_back({from, std::move(answers.messages)});
  for (auto next = link.early.find(link.taken + 1); next != link.early.end(); next = link.early.find(link.taken + 1)) {
    ++link.taken;
    effects.answers.push_back({from, std::move(next->second)});
    link.early.erase(next);
  }
}

// Nothing of this session is taken any more. The first attempt at another one is made at once.
void Links::close(Node node, Link& link, TimePoint now, LinkEffects& effects) {
  if (link.state == State::broken) return;
  if (link.state == State::open) {
    effects.disconnected.push_back(node);
    // What was heard before the break, and was not looked at yet, is not heard any more.
    std::erase_if(effects.answers, [node](const LinkEffects::Answers& one) { return one.from == node; });
    std::erase(effects.connected, node);
    link.unsent_since = TimePoint::max();
    link.redial_at = now - link.opened_at < kRedialMax ? now + kRedialMax : now;
  } else {
    const unsigned doublings = std::min(link.failures++, 5U);
    link.redial_at = now + std::min(kRedialFirst * (1U << doublings), kRedialMax);
  }
  drop_queue(node, link, effects);
  link.state = State::broken;
  link.session = 0;
  link.sent = link.taken = 0;
  link.in_flight.clear();
  note_allowance(node, link, effects);
  link.early.clear();
}

void Links::drop_queue(Node node, Link& link, LinkEffects& effects) {
  queued_bytes_ -= link.queue_bytes;
  link.queue.clear();
  link.queue_bytes = 0;
  note_fullness(node, link, effects);
}

std::size_t Links::bytes_on_the_way(const Link& link) {
  std::size_t bytes = 0;
  for (const Sent& one : link.in_flight) bytes += one.bytes;
  return bytes;
}

// Of all that is on its way: it shares a connection.
void Links::note_allowance(Node node, Link& link, LinkEffects& effects) {
  const Duration allowance = allowance_of(bytes_on_the_way(link)) / kAllowanceStep * kAllowanceStep;
  if (std::exchange(link.allowance, allowance) != allowance) effects.allowances.emplace_back(node, allowance);
}

// (I1) It is no longer overfull when half is gone, so that it does not change all the time.
void Links::note_fullness(Node node, Link& link, LinkEffects& effects) {
  const std::size_t limit = link.is_overfull ? queue_bytes_max_ / 2 : queue_bytes_max_;
  const bool is_overfull = link.queue_bytes > limit;
  if (is_overfull == link.is_overfull) return;
  link.is_overfull = is_overfull;
  effects.overfull.emplace_back(node, is_overfull);
}

// --- what is due -----------------------------------------------------------------------------------------------------

void Links::pump(TimePoint now, LinkEffects& effects) {
  for (const Node node : std::exchange(ready_, {})) {
    const auto found = links_.find(node);
    if (found == links_.end()) continue;
    Link& link = found->second;
    link.is_ready = false;
    while (link.state == State::open && !link.queue.empty() && link.in_flight.size() < kCallsInFlightMax)
      deliver(node, link, effects);
    note_fullness(node, link, effects);
    if (link.queue_bytes > kOverfullMax * queue_bytes_max_) close(node, link, now, effects);
  }
  for (auto& [node, link] : links_) {
    deliver_again(node, link, now, effects);
    if (link.state != State::broken || now < link.redial_at) continue;
    link.state = State::opening;
    link.session = draw_();
    effects.opens.push_back({node, link.session});
  }
}

void Links::deliver(Node to, Link& link, LinkEffects& effects) {
  const std::size_t before = link.queue_bytes;
  link.in_flight.push_back({.said = std::make_shared<const Numbered>(take_queue(link))});
  const std::size_t bytes = before - link.queue_bytes;
  link.in_flight.back().bytes = bytes;
  queued_bytes_ -= bytes;
  note_allowance(to, link, effects);
  make_call(to, link, link.in_flight.back(), effects);
}

void Links::make_call(Node to, const Link& link, const Sent& sent, LinkEffects& effects) {
  const Duration allowance = allowance_of(bytes_on_the_way(link));
  effects.delivers.push_back(
      {.to = to, .session = link.session, .said = sent.said, .deadline = kDeliverDeadline + allowance});
}

// As much of it as a call may have.
Numbered Links::take_queue(Link& link) {
  Numbered said{.number = ++link.sent};
  if (link.queue_bytes <= kCallBytesMax) {
    said.messages.swap(link.queue);
    link.queue_bytes = 0;
    return said;
  }
  std::size_t bytes = 0;
  auto end = link.queue.begin();
  while (end != link.queue.end() && (bytes == 0 || bytes + bytes_of(*end) <= kCallBytesMax)) bytes += bytes_of(*end++);
  said.messages.assign(std::make_move_iterator(link.queue.begin()), std::make_move_iterator(end));
  link.queue.erase(link.queue.begin(), end);
  link.queue_bytes -= bytes;
  return said;
}

void Links::deliver_again(Node to, Link& link, TimePoint now, LinkEffects& effects) {
  for (Sent& one : link.in_flight) {
    if (now < one.again_at) continue;
    one.again_at = TimePoint::max();
    make_call(to, link, one, effects);
  }
}

TimePoint Links::next_wakeup() const {
  TimePoint next = TimePoint::max();
  for (const auto& [node, link] : links_) {
    if (link.state == State::broken) next = std::min(next, link.redial_at);
    for (const Sent& one : link.in_flight) next = std::min(next, one.again_at);
  }
  return next;
}

}  // namespace p2p::diststore::agreed
