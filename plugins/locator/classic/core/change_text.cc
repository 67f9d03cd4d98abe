#include "classic/core/change_text.h"

#include <iterator>

namespace p2p::classic {
namespace {

// In the order of Departure. Only members that left the ring before are overdue.
constexpr const char* kWordsOfLeft[] = {
    " has left",
    " is no member any more: so says another node, which has given it up or heard of its leaving",
    " has died: it takes no connection any more, and has not said that it leaves",
    " is given up: its machine does not answer any more, while others do",
    " is gone: who answers in its place is not that member",
    ""};

// Only this node's own failed connects prove that it had not finished leaving.
constexpr const char* kWordsOfGone[] = {
    " has left, and takes no connection any more",
    " has left, and ended",
    " has died while it left: it takes no connection any more, and has not said that it had handed over what it held",
    " is given up while it left: its machine does not answer any more, while others do",
    " is gone while it left: who answers in its place is not that member",
    " is given up while it left: it has not ended within 15 min, and what it still holds is missing from now on"};

static_assert(std::size(kWordsOfLeft) == static_cast<std::size_t>(Departure::overdue) + 1);
static_assert(std::size(kWordsOfGone) == std::size(kWordsOfLeft));

}  // namespace

std::string change_text(const MembershipChange& change) {
  constexpr const char* kWords[] = {" joined", " joined again after a restart",
                                    " leaves, and hands over what it holds"};
  const std::string name = change.address.name();
  if (change.kind == ChangeKind::left) return name + kWordsOfLeft[static_cast<std::size_t>(change.how)];
  if (change.kind == ChangeKind::gone) return name + kWordsOfGone[static_cast<std::size_t>(change.how)];
  return name + kWords[static_cast<std::size_t>(change.kind)];  // in the order of the kinds
}

bool is_trouble(const MembershipChange& change) noexcept {
  const bool is_over = change.kind == ChangeKind::left || change.kind == ChangeKind::gone;
  return is_over && change.how != Departure::own_word && change.how != Departure::hearsay;
}

}  // namespace p2p::classic
