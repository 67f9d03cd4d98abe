#include "classic/receipts.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace p2p::diststore {
namespace {

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

bool agree(const Receipt& one, const Receipt& other) {
  const auto facts = [](const Receipt& of) {
    return std::tie(of.session, of.donor, of.receiver, of.view, of.keys, of.kept, of.bytes, of.digest_before,
                    of.digest_after);
  };
  return facts(one) == facts(other) && one.digest_before == one.digest_after;
}

void ReceiptBook::keep(Receipt receipt) {
  ended_.push_back(std::move(receipt));
  if (ended_.size() > kReceiptsMax) ended_.pop_front();
}

void ReceiptBook::ended(Receipt receipt) {
  const std::lock_guard hold(mutex_);
  keep(std::move(receipt));
}

void ReceiptBook::received(const Receipt& batch, Now now) {
  const std::lock_guard hold(mutex_);
  const auto [at, is_new] = open_.try_emplace({batch.donor, batch.session}, Open{{}, now.steady});
  Receipt& receipt = at->second.receipt;
  if (is_new) {
    receipt.session = batch.session;
    receipt.donor = batch.donor;
    receipt.receiver = batch.receiver;
    receipt.view = batch.view;
    receipt.started_at_ms = now.wall_ms;
  }
  receipt.add(batch.keys, batch.kept, batch.bytes, batch.digest_before, batch.digest_after);
  receipt.duration_ms = milliseconds(now.steady - at->second.began);
  if (open_.size() <= kOpenReceiptsMax) return;
  const auto oldest = std::min_element(open_.begin(), open_.end(), [](const auto& left, const auto& right) {
    return left.second.began < right.second.began;
  });
  keep(std::move(oldest->second.receipt));
  open_.erase(oldest);
}

std::optional<Receipt> ReceiptBook::finished(const Receipt& donors, Now now) {
  const std::lock_guard hold(mutex_);
  auto found = open_.extract({donors.donor, donors.session});
  if (found.empty()) return std::nullopt;
  Receipt& ours = found.mapped().receipt;
  ours.duration_ms = milliseconds(now.steady - found.mapped().began);
  ours.is_complete = agree(ours, donors);
  keep(ours);
  return ours;
}

std::vector<Receipt> ReceiptBook::all() const {
  const std::lock_guard hold(mutex_);
  std::vector<Receipt> all(ended_.begin(), ended_.end());
  for (const auto& [session, open] : open_) all.push_back(open.receipt);
  std::stable_sort(all.begin(), all.end(),
                   [](const Receipt& left, const Receipt& right) { return left.started_at_ms < right.started_at_ms; });
  return all;
}

}  // namespace p2p::diststore
