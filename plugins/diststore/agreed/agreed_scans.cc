#include "agreed/agreed_scans.h"

#include "engine/space_key.h"
#include "serving/page_room.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace p2p::diststore::agreed {

using replication::Answer;
using replication::Epoch;
using replication::Verdict;

namespace {

constexpr const char* kPartitionsNotServed =
    "this node does not serve the partitions that are left: they have just changed their primary, or its lease has "
    "ended";

// Where a scan goes on: none, it has ended.
std::optional<Partition> next_partition(const ScanCursor& cursor) {
  if (cursor.open) return cursor.open->partition;
  for (Partition partition = 0; partition < kPartitions; ++partition)
    if (!cursor.done[partition]) return partition;
  return std::nullopt;
}

}  // namespace

// What was seen of one partition.
struct AgreedScans::Visit {
  Partition partition = 0;
  Epoch term = 0;
  ScanPosition position = {};
  std::vector<wire::ScanItem> items = {};
  std::vector<std::string> expired = {};  // keys that are left out
  bool is_spoilt = false;                 // it is to be looked at again: something is perhaps not as it was seen
};

// One call.
struct AgreedScans::Page {
  ScanRequest request;
  Call call;
  const ScanMethod& method;
  std::int64_t view = 0;
  std::vector<Visit> visits = {};
  std::size_t unanswered = 0;  // counted on the strand of the copies
};

// What is still to be looked at in one call, by its limits.
class AgreedScans::Look final {
 public:
  Look(const ScanRequest& request, WallMs now) : room_(request), now_(now) {}

  bool is_over() const noexcept { return room_.is_used_up() || expired_left_ == 0; }
  std::size_t step() const noexcept { return room_.step(); }

  // False: the page is full. Entries at the same place come all the same.
  bool take(const EntryView& entry, Visit& visit) {
    room_.count_entry();
    if (!room_.is_asked_for(entry) || is_reserved(entry.key)) return !is_over();
    if (has_expired(entry.expires_at, now_)) {
      expired_left_ -= std::min<std::size_t>(expired_left_, 1);
      visit.expired.emplace_back(entry.key);
      return !is_over();
    }
    visit.items.push_back(room_.item_of(entry));
    if (entry.expires_at != kNoExpiry) visit.items.back().__set_ttl_left_ms(ttl_left(entry.expires_at, now_));
    return !is_over();
  }

 private:
  PageRoom room_;
  const WallMs now_;
  std::size_t expired_left_ = kScanExpiredMax;
};

// A partition that was begun is finished first, and at the node that serves it: its position is worth most there.
std::vector<Partition> AgreedScans::partitions_here(const ScanCursor& cursor, const RingView& view) {
  std::vector<Partition> here;
  if (cursor.open) {
    if (!view.owner_of_partition(cursor.open->partition).is_self) return here;
    here.push_back(cursor.open->partition);
  }
  for (Partition partition = 0; partition < kPartitions; ++partition) {
    const bool is_left = !cursor.done[partition] && !(cursor.open && cursor.open->partition == partition);
    if (is_left && view.owner_of_partition(partition).is_self) here.push_back(partition);
  }
  return here;
}

void AgreedScans::scan(ScanRequest request, Call call, const ScanMethod& method) {
  const RingView& view = locator_->view();
  const auto next = next_partition(request.cursor);
  if (!next) return method.answer(std::move(call), {});
  const std::vector<Partition> here = partitions_here(request.cursor, view);
  if (here.empty()) return forwarder_->pass_on(view.owner_of_partition(*next), std::move(call), method);
  auto page = std::make_shared<Page>(Page{.request = std::move(request),
                                          .call = std::move(call),
                                          .method = method,
                                          .view = static_cast<std::int64_t>(view.fingerprint())});
  if (const auto looked = look_through(here, *page); !looked.ok())
    return give_up_here(*forwarder_, looked.error(), std::move(page->call), method);
  if (page->visits.empty()) return forwarder_->wait(std::move(page->call), method, kPartitionsNotServed);
  settle(std::move(page));
}

Result<p2p::Done> AgreedScans::look_through(const std::vector<Partition>& partitions, Page& page) const {
  Look look(page.request, replicas_->wall_now());
  for (const Partition partition : partitions) {
    if (look.is_over() || page.visits.size() == kScanPartitionsMax) break;
    const Epoch term = replicas_->gate().serving_term(partition);
    if (term == 0) continue;
    Visit& visit = page.visits.emplace_back(Visit{.partition = partition, .term = term});
    const auto& open = page.request.cursor.open;
    if (open && open->partition == partition && open->engine == engine_) visit.position.place = open->place;
    if (auto looked = look_at(visit, look); !looked.ok()) return looked;
  }
  return p2p::Done{};
}

Result<p2p::Done> AgreedScans::look_at(Visit& visit, Look& look) const {
  const auto take = [&](const EntryView& entry) { return look.take(entry, visit); };
  while (!visit.position.at_end && !look.is_over()) {
    auto scanned = replicas_->engine().scan(only(visit.partition), visit.position, look.step(), take);
    if (!scanned.ok()) return scanned;
  }
  return p2p::Done{};
}

// What is shown as gone by its time to live is erased first, as by a read: no later primary has it again, whatever its
// clock says (docs/decisions/0037). The read may have to wait for a write before it erases, so the page waits for it.
void AgreedScans::erase_expired(const std::shared_ptr<Page>& page, std::size_t at) {
  const Visit& visit = page->visits[at];
  for (const std::string& key : visit.expired)
    replicas_->read(visit.partition, key, replication::hash_of(key),
                    [scans = shared_from_this(), page, at](const Answer& answer) {
                      if (answer.verdict != Verdict::missing) page->visits[at].is_spoilt = true;
                      scans->count_answer(*page);
                    });
}

// What was seen may be of a write that is under way, and a key may be missing because of one.
void AgreedScans::settle(std::shared_ptr<Page> page) {
  page->call.keep();  // it may have to be routed anew
  const std::size_t count = page->visits.size();
  page->unanswered = count;
  for (const Visit& visit : page->visits) page->unanswered += visit.expired.size();
  for (std::size_t at = 0; at < count; ++at) {
    erase_expired(page, at);
    replicas_->settle(page->visits[at].partition, [scans = shared_from_this(), page, at](const Answer& answer) {
      Visit& visit = page->visits[at];
      if (answer.verdict != Verdict::done || answer.term != visit.term) visit.is_spoilt = true;
      scans->count_answer(*page);
    });
  }
}

void AgreedScans::count_answer(Page& page) {
  if (--page.unanswered == 0) end(page);
}

void AgreedScans::end(Page& page) {
  if (std::ranges::all_of(page.visits, &Visit::is_spoilt))
    return forwarder_->wait(std::move(page.call), page.method, kPartitionsNotServed);
  wire::ScanResult result;
  for (Visit& visit : page.visits) {
    if (visit.is_spoilt) continue;
    std::move(visit.items.begin(), visit.items.end(), std::back_inserter(result.items));
  }
  result.cursor = cursor_behind(page).encode();
  result.__set_view(page.view);
  page.method.answer(std::move(page.call), result);
}

// What is spoilt is looked through again.
ScanCursor AgreedScans::cursor_behind(Page& page) const {
  ScanCursor cursor = std::move(page.request.cursor);
  for (Visit& visit : page.visits) {
    if (visit.is_spoilt) continue;
    if (cursor.open && cursor.open->partition == visit.partition) cursor.open.reset();
    if (visit.position.at_end) {
      cursor.done.set(visit.partition);
    } else {
      cursor.open = ScanCursor::Open{visit.partition, engine_, std::move(visit.position.place)};
    }
  }
  return cursor;
}

}  // namespace p2p::diststore::agreed
