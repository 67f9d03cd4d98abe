// How much may one page of a scan still look at and show? Counts by the limits of scans.h, and makes the items.
#pragma once

#include "engine/engine.h"
#include "serving/scans.h"
#include "serving/store_options.h"
#include "serving/wire_version.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace p2p::diststore {

class PageRoom final {
 public:
  // `request` outlives it.
  explicit PageRoom(const ScanRequest& request) : request_(request), keys_left_(request.keys_max) {}

  bool is_used_up() const noexcept { return keys_left_ == 0 || entries_left_ == 0 || bytes_ >= kScanBytesMax; }
  // Entries to look at under one lock of the engine.
  std::size_t step() const noexcept { return std::min(entries_left_, kScanStepEntries); }

  void count_entry() noexcept { entries_left_ -= std::min<std::size_t>(entries_left_, 1); }
  bool is_asked_for(const EntryView& entry) const noexcept {
    return !entry.is_erased && entry.key.starts_with(request_.prefix);
  }
  // Counts it as well. With its value, if that is asked for and fits; without what is left of its time.
  wire::ScanItem item_of(const EntryView& entry) {
    wire::ScanItem item;
    item.key = entry.key;
    item.version = to_wire(entry.version);
    keys_left_ -= std::min<std::size_t>(keys_left_, 1);
    bytes_ += entry.key.size() + kResultBytesMax;
    const bool fits = bytes_ + entry.value.size() <= request_.reply_bytes_max;
    if (!request_.has_values || !fits) return item;
    bytes_ += entry.value.size();
    item.__set_value(std::string(entry.value));
    return item;
  }

 private:
  const ScanRequest& request_;
  std::size_t keys_left_;
  std::size_t entries_left_ = kScanEntriesMax;
  std::size_t bytes_ = 0;
};

}  // namespace p2p::diststore
