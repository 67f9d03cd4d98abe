#include "documents/event_json.h"

#include <fmt/format.h>

namespace p2p::documents {

namespace view = cluster_view;

std::string event_kind_text(view::EventKind::type kind) {
  const auto name = view::_EventKind_VALUES_TO_NAMES.find(kind);
  return name == view::_EventKind_VALUES_TO_NAMES.end() ? "unknown" : name->second;
}

std::string event_sentence(const view::Event& event) {
  switch (event.kind) {
    case view::EventKind::joined:
      return event.node + " has joined";
    case view::EventKind::up:
      return event.node + " is up again";
    case view::EventKind::leaving:
      return event.node + " is leaving";
    case view::EventKind::down:
      return event.node + " is down";
    case view::EventKind::removed:
      return event.node + " is a member no more";
    case view::EventKind::described:
      return fmt::format("{}: {}", event.node, event.text);
    case view::EventKind::voters:
      return "voters are now " + event.text;
    case view::EventKind::primaries_moved:
      return fmt::format("{} primaries moved from {} to {}", event.count, event.node, event.other);
    case view::EventKind::copies_added:
      return fmt::format("{} more copies are in sync at {}", event.count, event.node);
    case view::EventKind::copies_ended:
      return fmt::format("{} copies are no longer in sync at {}", event.count, event.node);
    case view::EventKind::started_empty:
      return fmt::format("{} partitions start empty at {}: what was in them is lost", event.count, event.node);
    case view::EventKind::level_raised:
      return fmt::format("feature level {} is in force", event.count);
    case view::EventKind::recovered:
      return fmt::format("an operator goes on without a majority of the voters: generation {}, from epoch {}",
                         event.count, event.text);
  }
  return fmt::format("something that this version does not know ({}) at {}", static_cast<int>(event.kind), event.node);
}

nlohmann::json event_json(const view::Event& event) {
  return {{"event", event_kind_text(event.kind)},
          {"epoch", event.epoch},
          {"at_ms", event.at_ms},
          {"node", event.node},
          {"id", event.id},
          {"other", event.other},
          {"count", event.count},
          {"text", event.text}};
}

}  // namespace p2p::documents
