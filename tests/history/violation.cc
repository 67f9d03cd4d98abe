#include "violation.h"

#include <fmt/format.h>

namespace p2p::history {
namespace {

std::string deed_of(const Call& call) {
  switch (call.kind) {
    case Kind::read:
      return call.found ? "found " + value_name(call.value) : "found nothing";
    case Kind::write:
      return "wrote " + value_name(call.value);
    case Kind::erase:
      if (call.outcome != Outcome::done) return "erased";
      return call.found ? "erased a value" : "found nothing to erase";
  }
  return "?";
}

std::string who(const Call& call) {
  return call.client == kFinalReader ? "the final read" : fmt::format("client {}", call.client);
}

std::string told_with(const Call& call) {
  std::string text;
  if (call.version) text += fmt::format(" of version {}/{:x}", call.version->stamp, call.version->node);
  if (call.outcome == Outcome::unknown) text += " (unacknowledged)";
  if (call.outcome == Outcome::not_done) text += " (refused)";
  return text;
}

std::string describe(const Call& call, const History& history, Moment zero) {
  const auto seconds = [zero](Moment at) { return static_cast<double>(at - zero) / 1e9; };
  const std::string node = call.node < history.nodes.size() ? " through " + history.nodes[call.node] : "";
  return fmt::format("{} {}{}{} from {:.6f} s to {:.6f} s", who(call), deed_of(call), told_with(call), node,
                     seconds(call.started), seconds(call.ended));
}

// What stands between the descriptions of the call and of its proof.
const char* reproach(Rule rule) {
  switch (rule) {
    case Rule::foreign_value:
      return ", which nobody wrote to this key";
    case Rule::refused_value:
      return ", which should never have been executed: ";
    case Rule::future_value:
      return ", before it was written: ";
    case Rule::other_version:
      return ", but it was acknowledged otherwise: ";
    case Rule::shared_version:
      return ", with the version that belongs to another: ";
    case Rule::stale_read:
      return ", although before that ";
    case Rule::lost_value:
      return ", and no erase explains it, although before that ";
    case Rule::back_again:
      return ", although it was gone: ";
    case Rule::erased_nothing:
      return ", although nothing can have been there";
    case Rule::version_not_growing:
      return ", no higher a version than what came before: ";
    case Rule::final_disagreement:
      return ", but elsewhere ";
  }
  return "?";
}

}  // namespace

const char* to_text(Rule rule) noexcept {
  switch (rule) {
    case Rule::foreign_value:
      return "foreign_value";
    case Rule::refused_value:
      return "refused_value";
    case Rule::future_value:
      return "future_value";
    case Rule::other_version:
      return "other_version";
    case Rule::shared_version:
      return "shared_version";
    case Rule::stale_read:
      return "stale_read";
    case Rule::lost_value:
      return "lost_value";
    case Rule::back_again:
      return "back_again";
    case Rule::erased_nothing:
      return "erased_nothing";
    case Rule::version_not_growing:
      return "version_not_growing";
    case Rule::final_disagreement:
      return "final_disagreement";
  }
  return "?";
}

std::string sentence_of(const Violation& violation, const History& history, Moment zero) {
  std::string sentence = fmt::format("{}: key {}: {}{}", to_text(violation.rule), key_name(violation.call->key),
                                     describe(*violation.call, history, zero), reproach(violation.rule));
  if (violation.proof != nullptr) sentence += describe(*violation.proof, history, zero);
  return sentence;
}

}  // namespace p2p::history
