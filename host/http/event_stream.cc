#include "http/event_stream.h"

#include "http/asking.h"

#include <p2p/handlers.h>

#include <ClusterView.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace p2p::host {
namespace {

namespace view = cluster_view;

// A browser asks again so many milliseconds after its connection has broken.
constexpr std::string_view kFirst = "retry: 1000\n\n";
constexpr std::string_view kNothing = ":\n\n";

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// As NodeStatus has it.
std::string state_text(GateState gate) {
  switch (gate) {
    case GateState::starting:
    case GateState::admitting:
      return "starting";
    case GateState::open:
      return "ready";
    case GateState::draining:
    case GateState::ending:
      return "draining";
    case GateState::closed:
      return "stopped";
    case GateState::disabled:
      return "disabled";
  }
  return "unknown";
}

void add_events(view::Events& to, view::EventKind::type kind, const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) {
    view::Event event;
    event.kind = kind;
    event.at_ms = unix_ms();
    event.node = node;
    to.events.push_back(std::move(event));
  }
}

}  // namespace

EventStream::EventStream(Loop& loop, ServiceRouter& router, ReplySink& origin, std::shared_ptr<StreamCount> open)
    : loop_(loop),
      router_(router),
      origin_(&origin),
      open_(std::move(open)),
      timer_(loop.context()),
      call_(origin.begun(false)) {
  open_->fetch_add(1, std::memory_order_relaxed);
}

EventStream::~EventStream() { open_->fetch_sub(1, std::memory_order_relaxed); }

void EventStream::start(std::string head, EventPlace place) {
  place_ = std::move(place);
  if (send(std::move(head) + std::string(kFirst))) turn_after({});
}

void EventStream::refuse(std::string response) {
  has_ended_ = true;
  origin_->answered(call_, {response, &response});
}

// Ends when the next one begins: so the connection has always one call in flight, and is not idle.
bool EventStream::send(std::string text) {
  if (has_ended_) return false;
  if (origin_->is_gone() || origin_->unsent_bytes() > kUnreadEventBytesMax) {
    end();
    return false;
  }
  if (text.empty()) return true;
  sent_at_ = loop_.now();
  const std::uint64_t next = origin_->begun(false);
  origin_->answered(std::exchange(call_, next), {text, &text});
  return true;
}

void EventStream::end() {
  has_ended_ = true;
  origin_->answered(call_, {});
}

void EventStream::turn_after(std::chrono::milliseconds pause) {
  timer_.expires_after(pause);
  timer_.async_wait([self = shared_from_this()](error_code failure) {
    if (!failure) self->turn();
  });
}

void EventStream::turn() {
  loop_.refresh_now();
  std::string text = changes_of_services();
  if (text.empty() && loop_.now() - sent_at_ >= kEventSilenceMax) text = kNothing;
  if (!send(std::move(text))) return;
  // A node that leaves waits until no call of its services is in flight.
  is_leaving() ? turn_after(kEventWait) : ask_for_cluster_events();
}

bool EventStream::is_leaving() const {
  const auto locator = states_.find("locator");
  return locator != states_.end() && locator->second == state_text(GateState::draining);
}

std::string EventStream::changes_of_services() {
  std::string text;
  for (const auto& entry : router_.entries()) {
    if (entry->owner() != entry->name()) continue;  // a part changes with its service
    std::string now = state_text(entry->gate());
    std::string& told = states_[entry->name()];
    if (told == now) continue;
    if (knows_states_) text += service_event(entry->name(), now, unix_ms());
    told = std::move(now);
  }
  knows_states_ = true;
  return text;
}

void EventStream::ask_for_cluster_events() {
  ask<view::ClusterViewClient>(
      loop_, router_, "locator.cluster",
      [this](auto& client) {
        client.send_watch(place_.cluster, place_.epoch, static_cast<std::int32_t>(kEventWait.count()));
      },
      [](auto& client) {
        view::Events told;
        client.recv_watch(told);
        return told;
      },
      [self = shared_from_this()](view::Events told) {
        // Who has heard nothing yet is told what is known, and misses nothing.
        if (self->place_.cluster.empty()) told.missed = false;
        self->place_ = {told.cluster, told.epoch};
        if (self->send(cluster_events(told))) self->turn_after(kEventPause);
      },
      [self = shared_from_this()](const NoAnswer& none) {
        none.is_unknown ? self->ask_for_members() : self->turn_after(kEventWait);
      });
}

// A node of mode classic does not tell what happens; its members are compared with those of a moment ago.
void EventStream::ask_for_members() {
  ask<locator::LocatorClient>(
      loop_, router_, "locator", [](auto& client) { client.send_get_all(); },
      [](auto& client) {
        std::vector<locator::Location> members;
        client.recv_get_all(members);
        return members;
      },
      [self = shared_from_this()](const auto& members) { self->take_members(members); },
      [self = shared_from_this()](const NoAnswer&) { self->turn_after(kEventWait); });
}

void EventStream::take_members(std::vector<locator::Location> members) {
  std::vector<std::string> now;
  for (const auto& member : members) now.push_back(from_wire(member).name());
  std::ranges::sort(now);
  view::Events happened;
  if (knows_members_) {
    std::vector<std::string> some;
    std::ranges::set_difference(now, members_, std::back_inserter(some));
    add_events(happened, view::EventKind::joined, some);
    some.clear();
    std::ranges::set_difference(members_, now, std::back_inserter(some));
    add_events(happened, view::EventKind::removed, some);
  }
  members_ = std::move(now);
  knows_members_ = true;
  if (send(cluster_events(happened))) turn_after(kEventWait);
}

}  // namespace p2p::host
