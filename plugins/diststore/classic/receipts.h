// What has moved, and did both sides count the same? A bounded book of transfers, kept by donor and receiver alike.
// Gets the time from its callers; knows no wire format (classic/receipt_wire.h does).
#pragma once

#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

// One transfer is all that one node gives another during one round.
struct Receipt {
  std::uint64_t session = 0;
  std::string donor;     // "address:port"
  std::string receiver;  // "address:port"
  std::uint64_t view = 0;
  std::uint64_t keys = 0;           // tombstones among them
  std::uint64_t kept = 0;           // among keys: the receiver had the same or a newer version
  std::uint64_t bytes = 0;          // of keys and values
  std::uint64_t digest_before = 0;  // as the donor read them from its store
  std::uint64_t digest_after = 0;   // as the receiver confirmed them
  std::int64_t started_at_ms = 0;   // since 1970
  std::int64_t duration_ms = 0;
  bool is_complete =
      false;  // both sides have counted the same; or the receiver, of the 2009 system, has shown each key

  // What the donor had to give up when it ended; the first of the keys by name.
  std::uint64_t undelivered = 0;
  std::vector<std::string> undelivered_keys;

  // Adds what one batch moved.
  void add(std::uint64_t more_keys, std::uint64_t more_kept, std::uint64_t more_bytes, std::uint64_t before,
           std::uint64_t after) {
    keys += more_keys;
    kept += more_kept;
    bytes += more_bytes;
    digest_before += before;
    digest_after += after;
  }
};

// Do both sides' receipts of one transfer show the same keys, intact? Times and completeness are each side's own.
bool agree(const Receipt& one, const Receipt& other);

// A rolling restart of a hundred nodes fits.
inline constexpr std::size_t kReceiptsMax = 1'000;

// Keys named in one receipt, and bytes of each name.
inline constexpr std::size_t kUndeliveredNamesMax = 1'000;
inline constexpr std::size_t kUndeliveredNameBytesMax = 256;

// Transfers to this node that have not ended; a donor that dies leaves one behind.
inline constexpr std::size_t kOpenReceiptsMax = 256;

// Every method: [any thread].
class ReceiptBook final {
 public:
  struct Now {
    std::int64_t wall_ms = 0;
    TimePoint steady{};
  };

  // A transfer in which this node was the donor has ended.
  void ended(Receipt receipt);

  // A batch has arrived here: its session, donor, receiver and view name the transfer, its counts are those of the
  // batch.
  void received(const Receipt& batch, Now now);

  // The donor says that this was all. Returns our receipt, complete if it agrees; none if nothing of the transfer
  // arrived here.
  std::optional<Receipt> finished(const Receipt& donors, Now now);

  // The newest receipts, oldest first; those of transfers in progress, or whose donor died midway, are incomplete.
  std::vector<Receipt> all() const;

 private:
  struct Open {
    Receipt receipt;
    TimePoint began{};
  };

  void keep(Receipt receipt);

  mutable std::mutex mutex_;  // of what follows
  std::deque<Receipt> ended_;
  std::map<std::pair<std::string, std::uint64_t>, Open> open_;  // by donor and session
};

}  // namespace p2p::diststore
