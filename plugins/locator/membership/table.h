// What does this node believe about every member it has heard of? Rows that merge the same way in any order on every
// node, so that tables which have met become equal.
#pragma once

#include "membership/member.h"

#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::membership {

struct TableLimits {
  // Alive and leaving ones. A full table ignores members it does not know. Ten times the largest network we plan for.
  std::size_t present_max = 4096;

  // Removed rows are remembered, so that a table which has not heard of the removal cannot bring them back. Whoever was
  // out of touch for longer than this is found out by failing connects instead.
  std::size_t removed_max = 1024;
  Duration removed_kept_for = std::chrono::hours(1);
};

// What a row meant to the ring.
enum class Applied : std::uint8_t { nothing, joined, restarted, leaving, left, gone };

class Table {
 public:
  explicit Table(TableLimits limits) : limits_(limits) {}

  // Takes the row over if it supersedes what is known.
  Applied apply(const Member& heard, TimePoint now);

  // Null when never heard of, or forgotten. Holds until the next apply() or forget_old().
  const Member* find(std::string_view name) const;
  bool is_present(std::string_view name) const;  // alive or leaving

  // True the first time it is asked about the present row of `name`: each node passes each row on once.
  bool pass_on_once(std::string_view name);

  std::vector<Member> rows() const;                // all, sorted by name
  std::vector<std::string> present_names() const;  // of alive and leaving ones, sorted
  std::vector<std::string> removed_names() const;
  std::vector<Location> alive() const;    // sorted by name
  std::vector<Location> present() const;  // alive and leaving ones, sorted by name
  std::uint64_t fingerprint() const;      // of the rows that are not removed

  // Drops removed rows that are over the limits' age.
  void forget_old(TimePoint now);

 private:
  struct Row {
    Member member;
    bool is_passed_on = false;
    TimePoint removed_at{};  // by this node's clock
  };

  template <class Wanted, class Made>
  void collect(Wanted wanted, std::vector<Made>& into, Made (*made)(const std::string&, const Member&)) const;
  void keep(Row row);
  void count(const Member& member, std::ptrdiff_t by);
  void forget_oldest_removed();

  TableLimits limits_;
  std::map<std::string, Row, std::less<>> rows_;  // by name
  std::size_t present_ = 0;
  std::size_t removed_ = 0;
  mutable std::uint64_t fingerprint_ = 0;
  mutable bool fingerprint_is_current_ = false;
};

}  // namespace p2p::membership
