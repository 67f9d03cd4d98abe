#include "classic/core/change_text.h"

namespace p2p::classic {
namespace {

const char* words_of_left(Departure how) noexcept {
  switch (how) {
    case Departure::own_word:
      return " has left";
    case Departure::hearsay:
      return " is no member any more: so says another node, which has given it up or heard of its leaving";
    case Departure::refused:
      return " has died: it takes no connection any more, and has not said that it leaves";
    case Departure::silent:
      return " is given up: its machine does not answer any more, while others do";
    case Departure::replaced:
      return " is gone: who answers in its place is not that member";
    case Departure::overdue:
      break;  // only for members that left the ring before
  }
  return "";
}

// Only this node's own failed connects prove that it had not finished leaving.
const char* words_of_gone(Departure how) noexcept {
  switch (how) {
    case Departure::own_word:
      return " has left, and takes no connection any more";
    case Departure::hearsay:
      return " has left, and ended";
    case Departure::refused:
      return " has died while it left: it takes no connection any more, and has not said that it had handed over what "
             "it held";
    case Departure::silent:
      return " is given up while it left: its machine does not answer any more, while others do";
    case Departure::replaced:
      return " is gone while it left: who answers in its place is not that member";
    case Departure::overdue:
      return " is given up while it left: it has not ended within 15 min, and what it still holds is missing from now "
             "on";
  }
  return "";
}

}  // namespace

std::string change_text(const MembershipChange& change) {
  const std::string name = change.address.name();
  switch (change.kind) {
    case ChangeKind::joined:
      return name + " joined";
    case ChangeKind::restarted:
      return name + " joined again after a restart";
    case ChangeKind::leaving:
      return name + " leaves, and hands over what it holds";
    case ChangeKind::left:
      return name + words_of_left(change.how);
    case ChangeKind::gone:
      return name + words_of_gone(change.how);
  }
  return name;
}

bool is_trouble(const MembershipChange& change) noexcept {
  const bool is_over = change.kind == ChangeKind::left || change.kind == ChangeKind::gone;
  return is_over && change.how != Departure::own_word && change.how != Departure::hearsay;
}

}  // namespace p2p::classic
