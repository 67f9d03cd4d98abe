// What holds between two events of a membership core, asserted.
#include "classic/core/classic_membership.h"
#include "classic/core/table.h"

#include <p2p/assert.h>

namespace p2p::classic {

void Table::check() const {
  std::size_t present = 0;
  for (const auto& [name, row] : rows_) {
    P2P_ASSERT(!row.member.address.empty() && name == row.member.address.name(), "a row stands under its own name");
    present += row.member.state == MemberState::removed ? 0 : 1;
  }
  P2P_ASSERT(present == present_ && rows_.size() - present == removed_, "the rows of each kind are counted");
  P2P_ASSERT(present_ <= limits_.present_max && removed_ <= limits_.removed_max, "a table keeps its limits");
  P2P_ASSERT(!fingerprint_is_current_ || fingerprint_ == fingerprint_of_rows(),
             "a kept fingerprint is that of the rows");
}

void ClassicMembership::check() const {
  table_.check();
  const Member* own = table_.find(self_.address.name());
  P2P_ASSERT(has_left_ || (own != nullptr && *own == self_), "a node has itself in its table, as it is");
  std::size_t chains = 0;
  std::size_t comparisons = 0;
  for (const auto& [id, pending] : pending_) {
    P2P_ASSERT(id <= last_call_, "a call that is awaited was made");
    P2P_ASSERT(!pending.chain || !pending.comparison, "a call is a chain's or a comparison's");
    chains += pending.chain ? 1 : 0;
    comparisons += pending.comparison ? 1 : 0;
    P2P_ASSERT(!pending.comparison || compared_now_.contains(pending.to.name()), "who is compared with is noted");
  }
  P2P_ASSERT(comparisons == compared_now_.size(), "a node is compared with once at a time");
  P2P_ASSERT(chains == chains_, "the chains under way are counted");
  P2P_ASSERT(chains_ <= kChainsMax + 2, "chains keep their limit, but for the two farewells");
}

}  // namespace p2p::classic
