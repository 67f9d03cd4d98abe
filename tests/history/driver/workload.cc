#include "driver/workload.h"
#include "driver/settings.h"

#include <p2p/assert.h>

#include <algorithm>

namespace p2p::history {
namespace {

constexpr std::uint64_t kPercent = 100;
constexpr std::uint64_t kBatchPercent = 5;
// Shares among reads, writes and erases: 50 %, 30 %, 15 % of all calls; batches take the other 5 % in the same
// proportion.
constexpr std::uint64_t kReadShare = 50;
constexpr std::uint64_t kWriteShare = 30;
constexpr std::uint64_t kEraseShare = 15;

// The last digit of a key says what may happen to it: 0 is never erased, 1 is left alone.
constexpr std::uint32_t kDigits = 10;
constexpr std::uint32_t kNeverChanged = 1;
constexpr std::uint32_t kFirstErasable = 2;

// Keys are drawn with replacement; with kKeysMin of them a batch is complete long before.
constexpr std::size_t kDrawsMax = 1'000;

}  // namespace

Workload::Workload(std::uint64_t seed, std::uint16_t client, std::uint32_t keys)
    : random_(seed * (std::uint64_t{kClientsMax} + 1) + client), client_(client), keys_(keys) {
  P2P_ASSERT(keys % kDigits == 0 && keys >= kKeysMin, "whole tens of keys, and enough of them for a batch");
}

Request Workload::next() {
  const bool is_batch = draw(kPercent) < kBatchPercent;
  const Kind kind = draw_kind();
  const Form form = is_batch ? Form::batch : Form::single;
  auto keys = draw_keys(kind, is_batch ? kSmallBatchKeys : 1);
  if (kind == Kind::write) return write_of(std::move(keys), form);
  return {kind, form, std::move(keys), {}};
}

// The bias of the remainder is far below what any run could show.
std::uint64_t Workload::draw(std::uint64_t below) { return random_() % below; }

Request Workload::write_of(std::vector<KeyNumber> keys, Form form) {
  Request request{Kind::write, form, std::move(keys), {}};
  for (std::size_t count = 0; count < request.keys.size(); ++count) {
    request.values.push_back({client_, ++values_written_});
  }
  return request;
}

Kind Workload::draw_kind() {
  const std::uint64_t share = draw(kReadShare + kWriteShare + kEraseShare);
  if (share < kReadShare) return Kind::read;
  return share < kReadShare + kWriteShare ? Kind::write : Kind::erase;
}

KeyNumber Workload::draw_key(Kind kind) {
  const auto ten = static_cast<KeyNumber>(draw(keys_ / kDigits)) * kDigits;
  switch (kind) {
    case Kind::read:
      return ten + static_cast<KeyNumber>(draw(kDigits));
    case Kind::write: {
      const auto digit = static_cast<KeyNumber>(draw(kDigits - 1));
      return ten + (digit < kNeverChanged ? digit : digit + 1);
    }
    case Kind::erase:
      return ten + kFirstErasable + static_cast<KeyNumber>(draw(kDigits - kFirstErasable));
  }
  P2P_ASSERT(false, "a kind of call");
  return 0;
}

std::vector<KeyNumber> Workload::draw_keys(Kind kind, std::size_t count) {
  std::vector<KeyNumber> keys;
  for (std::size_t draws = 0; keys.size() < count && draws < kDrawsMax; ++draws) {
    const KeyNumber key = draw_key(kind);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

}  // namespace p2p::history
