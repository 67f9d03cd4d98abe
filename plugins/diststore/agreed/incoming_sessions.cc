#include "agreed/incoming_sessions.h"

#include <algorithm>

namespace p2p::diststore::agreed {

using replication::Message;
using replication::Node;

IncomingSessions::Sessions::iterator IncomingSessions::find(SessionId session) {
  const auto maker = makers_.find(session);
  return maker == makers_.end() ? sessions_.end() : sessions_.find(maker->second);
}

void IncomingSessions::mark_ready(Node node, Session& session) {
  if (!std::exchange(session.is_ready, true)) ready_.push_back(node);
}

void IncomingSessions::on_open(Node from, SessionId session, SessionEffects& effects) {
  hang_up(from, effects);
  if (makers_.contains(session)) return;  // a random number that another node has drawn: its calls will not be taken
  sessions_[from].id = session;
  makers_[session] = from;
}

// What it said before, and was not looked at yet, is not heard any more.
void IncomingSessions::end(Sessions::iterator session, SessionEffects& effects) {
  const Node from = session->first;
  std::erase_if(effects.said, [from](const SessionEffects::Said& one) { return one.from == from; });
  effects.gone.push_back(from);
  for (const CallToken call : session->second.waiting) effects.replies.push_back({.call = call});
  for (const auto& [number, early] : session->second.early) effects.replies.push_back({.call = early.call});
  std::erase(unconfirmed_, from);
  std::erase(ready_, from);
  makers_.erase(session->second.id);
  sessions_.erase(session);
}

void IncomingSessions::hang_up(Node from, SessionEffects& effects) {
  const auto session = sessions_.find(from);
  if (session == sessions_.end()) return;
  effects.ends.push_back({from, session->second.id});
  end(session, effects);
}

void IncomingSessions::on_deliver(SessionId id, Numbered said, CallToken call, SessionEffects& effects) {
  const auto found = find(id);
  if (found == sessions_.end()) return effects.replies.push_back({.call = call});
  auto& [from, session] = *found;
  const bool is_possible = said.number > session.taken && said.number <= session.taken + kEarlyMax;
  if (!is_possible || session.early.contains(said.number)) {
    effects.replies.push_back({.call = call});
    return end(found, effects);
  }
  Early next{std::move(said.messages), call};
  if (said.number != session.taken + 1) {
    session.early.emplace(said.number, std::move(next));
    return;
  }
  take(from, session, std::move(next), effects);
  for (auto early = session.early.find(session.taken + 1); early != session.early.end();
       early = session.early.find(session.taken + 1)) {
    take(from, session, std::move(early->second), effects);
    session.early.erase(early);
  }
}

void IncomingSessions::take(Node from, Session& session, Early said, SessionEffects& effects) {
  ++session.taken;
  effects.said.push_back({from, std::move(said.messages)});
  session.waiting.push_back(said.call);
  mark_ready(from, session);
}

// --- what copies say -------------------------------------------------------------------------------------------------

void IncomingSessions::answer(Node to, Message message) {
  const auto found = sessions_.find(to);
  if (found == sessions_.end()) return;
  found->second.answers.push_back(std::move(message));
  mark_ready(to, found->second);
}

void IncomingSessions::on_answered(SessionId id, Outcome outcome, TimePoint now, SessionEffects& effects) {
  const auto found = find(id);
  if (found == sessions_.end() || !found->second.is_sent) return;
  auto& [node, session] = *found;
  session.is_sent = false;
  session.unsent_since = outcome == Outcome::unsent ? std::min(session.unsent_since, now) : TimePoint::max();
  switch (outcome) {
    case Outcome::taken:
      session.unconfirmed = {};
      session.tries = 0;
      std::erase(unconfirmed_, node);
      return mark_ready(node, session);
    case Outcome::not_taken:
      return end(found, effects);
    case Outcome::unsent:
      if (now < session.unsent_since + kUnsentMax) {
        --session.tries;
        session.retry_at = now + kUnsentPause;
        return;
      }
      [[fallthrough]];
    case Outcome::failed:
      if (session.tries >= kAnswerTriesMax) return hang_up(node, effects);
      session.retry_at = now + kAnswerPause;
  }
}

void IncomingSessions::flush(TimePoint now, SessionEffects& effects) {
  for (const Node node : std::exchange(ready_, {})) {
    const auto found = sessions_.find(node);
    if (found == sessions_.end()) continue;
    found->second.is_ready = false;
    flush(node, found->second, now, effects);
  }
  for (const Node node : unconfirmed_) {
    Session& session = sessions_.at(node);
    if (session.is_sent || now < session.retry_at) continue;
    ++session.tries;
    session.is_sent = true;
    session.retry_at = TimePoint::max();
    effects.answers.push_back({.to = node, .session = session.id, .said = session.unconfirmed});
  }
}

// A call of its own is made only where nothing waits for a reply.
void IncomingSessions::flush(Node node, Session& session, TimePoint now, SessionEffects& effects) {
  for (const CallToken call : session.waiting) {
    SessionEffects::Reply& reply = effects.replies.emplace_back(SessionEffects::Reply{.call = call, .is_taken = true});
    if (session.answers.empty()) continue;
    reply.answers.number = ++session.answered;
    reply.answers.messages.swap(session.answers);
  }
  session.waiting.clear();
  if (session.answers.empty() || session.unconfirmed.number != 0) return;
  session.unconfirmed.number = ++session.answered;
  session.unconfirmed.messages.swap(session.answers);
  session.retry_at = now;
  unconfirmed_.push_back(node);
}

TimePoint IncomingSessions::next_wakeup() const {
  TimePoint next = TimePoint::max();
  for (const Node node : unconfirmed_) {
    const Session& session = sessions_.at(node);
    if (!session.is_sent) next = std::min(next, session.retry_at);
  }
  return next;
}

}  // namespace p2p::diststore::agreed
