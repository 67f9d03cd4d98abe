// What does this node know about every member? Rows merge to the same result in any order, so that
// tables become equal once exchanged.
#pragma once

#include "classic/core/member.h"
#include "membership/membership.h"

#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::classic {

struct TableLimits {
  // Alive and leaving ones. A full table ignores members it does not know. Ten times the largest network we plan for.
  std::size_t present_max = 4096;

  // Removed rows are remembered, so that a table without the removal cannot bring them back. A row that comes back
  // after that is found out by failing connects instead.
  std::size_t removed_max = 1024;
  Duration removed_kept_for = std::chrono::hours(1);
};

using membership::ChangeKind;

class Table {
 public:
  explicit Table(TableLimits limits) : limits_(limits) {}

  // Adopts the row if it supersedes the known one. Returns what that did to the ring, if anything.
  std::optional<ChangeKind> apply(const Member& heard, TimePoint now);

  // Null when unknown or forgotten. Valid until the next apply() or forget_old().
  const Member* find(std::string_view name) const;
  bool is_present(std::string_view name) const;  // alive or leaving

  // True on the first call for the current row of `name`: each node passes each row on once.
  bool pass_on_once(std::string_view name);

  std::vector<Member> rows() const;                // all, sorted by name
  std::vector<std::string> present_names() const;  // of alive and leaving ones, sorted
  std::vector<std::string> removed_names() const;
  std::vector<NodeAddress> alive() const;    // sorted by name
  std::vector<NodeAddress> present() const;  // alive and leaving ones, sorted by name
  std::uint64_t fingerprint() const;         // of the rows that are not removed

  // Drops removed rows older than removed_kept_for.
  void forget_old(TimePoint now);

  void check() const;  // asserts what holds between calls; for tests

 private:
  struct Row {
    Member member;
    bool is_passed_on = false;
    TimePoint removed_at{};  // by this node's clock
  };

  template <class Made>
  std::vector<Made> collect(bool (*wanted)(MemberState), Made (*made)(const std::string&, const Member&)) const;
  void keep(Row row);
  void count(const Member& member, std::ptrdiff_t by);
  void forget_oldest_removed();
  std::uint64_t fingerprint_of_rows() const;

  TableLimits limits_;
  std::map<std::string, Row, std::less<>> rows_;  // by name
  std::size_t present_ = 0;
  std::size_t removed_ = 0;
  mutable std::uint64_t fingerprint_ = 0;
  mutable bool fingerprint_is_current_ = false;
};

}  // namespace p2p::classic
