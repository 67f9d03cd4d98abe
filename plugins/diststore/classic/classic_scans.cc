#include "classic/classic_scans.h"

#include "classic/classic_puts.h"
#include "serving/page_room.h"

namespace p2p::diststore {
namespace {

// A read of the key would be answered here, with this entry.
bool is_served(const OwnershipSnapshot& ownership, const EntryView& entry) {
  return ownership.owner_of(entry.key).is_self && entry.confirmed_in >= ownership.proof_for(entry.key).confirmed_from;
}

// This node awaits no key.
bool has_all(const OwnershipSnapshot& ownership) {
  return ownership.is_established && ownership.acquired_ranges.empty() && ownership.leavers.empty();
}

}  // namespace

// The cursor has no partition that is done, and the position among all of them as that of the first.
void ClassicScans::scan(ScanRequest request, Call call, const ScanMethod& method) {
  const auto ownership = store_->ownership->share();
  ScanPosition position;
  const auto& open = request.cursor.open;
  if (open && open->engine == engine_) position.place = open->place;
  wire::ScanResult result;
  PageRoom room(request);
  const auto take = [&](const EntryView& entry) {
    room.count_entry();
    if (room.is_asked_for(entry) && is_served(*ownership, entry)) result.items.push_back(room.item_of(entry));
    return !room.is_used_up();
  };
  position.at_end = !ownership->is_established;  // it owns nothing yet
  while (!position.at_end && !room.is_used_up()) {
    if (const auto looked = store_->local->engine().scan(kAllPartitions, position, room.step(), take); !looked.ok())
      return give_up_here(*store_->forwarder, looked.error(), std::move(call), method);
  }
  if (!position.at_end) {
    ScanCursor behind;
    behind.open = ScanCursor::Open{kAllPartitions.first, engine_, std::move(position.place)};
    result.cursor = behind.encode();
  }
  result.__set_view(fingerprint_of(*ownership->ring));
  // After a merge a node may hold another's keys that nobody awaits. And the ring may have changed meanwhile: keys that
  // were to be looked at have gone.
  const bool has_given_all = !may_get_puts_for_others(*store_, *ownership) && is_handed_over_(ownership->view_version);
  const bool is_same_view = store_->ownership->read().view_version == ownership->view_version;
  if (!has_all(*ownership) || !has_given_all || !is_same_view) result.__set_awaits_keys(true);
  method.answer(std::move(call), result);
}

}  // namespace p2p::diststore
