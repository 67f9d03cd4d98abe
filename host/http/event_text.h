// How are events written for browsers (text/event-stream)? Pure.
#pragma once

#include <cluster_view_types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::host {

// Of what has happened before a stream began, or while it was interrupted; the page shows no more of it.
inline constexpr std::size_t kEventsReplayedMax = 100;

// Up to where a stream has told: the field Last-Event-ID of one that goes on at this or another node. "", 0: nothing.
struct EventPlace {
  std::string cluster = {};
  std::int64_t epoch = 0;
};
EventPlace read_event_id(std::string_view id);  // foreign bytes
std::string event_id(const EventPlace& place);

// One event of type "cluster" each, the last kEventsReplayedMax. Where more have happened, or the node has not seen
// all, "missed" comes before them. After them, a browser knows the place to go on from.
std::string cluster_events(const cluster_view::Events& told);
// The state of a service has changed, to one of NodeStatus.
std::string service_event(std::string_view name, std::string_view state, std::int64_t at_ms);

}  // namespace p2p::host
