#include "http/event_text.h"

#include "documents/event_json.h"
#include "documents/status_json.h"

#include <charconv>

namespace p2p::host {
namespace {

constexpr std::size_t kClusterIdBytesMax = 64;

// JSON on one line has no end of line in it.
std::string event_of(std::string_view type, const nlohmann::json& data, const std::string& id = {}) {
  std::string text = "event: " + std::string(type) + '\n';
  if (!id.empty()) text += "id: " + id + '\n';
  return text + "data: " + documents::line_of(data) + "\n\n";
}

}  // namespace

EventPlace read_event_id(std::string_view id) {
  const std::size_t point = id.find('.');
  if (point == 0 || point == std::string_view::npos || point > kClusterIdBytesMax) return {};
  const std::string_view digits = id.substr(point + 1);
  std::int64_t epoch = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  if (failure != std::errc{} || end != digits.data() + digits.size() || epoch < 0) return {};
  return {std::string(id.substr(0, point)), epoch};
}

std::string event_id(const EventPlace& place) { return place.cluster + '.' + std::to_string(place.epoch); }

std::string cluster_events(const cluster_view::Events& told) {
  const std::size_t count = told.events.size();
  const std::size_t first = count > kEventsReplayedMax ? count - kEventsReplayedMax : 0;
  std::string text;
  const std::string id = event_id({told.cluster, told.epoch});
  if (told.missed || first > 0) text += event_of("missed", {{"epoch", told.epoch}}, count == 0 ? id : std::string());
  for (std::size_t at = first; at < count; ++at) {
    nlohmann::json data = documents::event_json(told.events[at]);
    data["sentence"] = documents::event_sentence(told.events[at]);
    text += event_of("cluster", data, at + 1 == count ? id : std::string());
  }
  return text;
}

std::string service_event(std::string_view name, std::string_view state, std::int64_t at_ms) {
  return event_of("service", {{"service", name}, {"state", state}, {"at_ms", at_ms}});
}

}  // namespace p2p::host
