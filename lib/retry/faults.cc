#include "retry/faults.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace p2p::retry {
namespace {

struct ExceptionRow {
  std::optional<CallFault> type;  // nothing: any other
  std::string_view prefix;
  Fault fault;
};
struct StoreErrorRow {
  std::optional<StoreErrorKind> kind;  // nothing: any other
  Fault fault;
};

#include "fault_table.inc"

constexpr bool is_maybe(ErrorKind kind) { return row_of(kind).executed == Executed::maybe; }
constexpr bool agrees_with_may_have_run() {
  for (auto kind = 0; kind <= static_cast<int>(ErrorKind::wrong_node); ++kind) {
    const auto seen = static_cast<ErrorKind>(kind);
    if (is_maybe(seen) != may_have_run(seen)) return false;
  }
  return true;
}
static_assert(agrees_with_may_have_run(), "may_have_run() of <p2p/call.h> and faults.table say different things");

template <class Row, class Seen>
bool is_of(const std::optional<Row>& row, Seen seen) noexcept {
  return !row || static_cast<Seen>(*row) == seen;
}

}  // namespace

const Fault& fault_of_unsent() noexcept { return kUnsent; }

const Fault& fault_of(ErrorKind kind) noexcept { return row_of(kind); }

const Fault& fault_of_exception(std::int32_t type, std::string_view text) noexcept {
  const auto found = std::find_if(std::begin(kExceptions), std::prev(std::end(kExceptions)), [&](const auto& row) {
    return is_of(row.type, type) && text.starts_with(row.prefix);
  });
  return found->fault;
}

const Fault& fault_of_store_error(std::int32_t kind) noexcept {
  const auto found = std::find_if(std::begin(kStoreErrors), std::prev(std::end(kStoreErrors)),
                                  [&](const auto& row) { return is_of(row.kind, kind); });
  return found->fault;
}

bool may_try_again(const Fault& fault, Repeat repeat) noexcept {
  if (fault.where == Where::nowhere) return false;
  if (fault.executed == Executed::no) return true;
  return repeat == Repeat::always || (repeat == Repeat::if_closed && fault.is_dropped);
}

bool is_worth_retrying(ErrorKind kind, Repeat repeat) noexcept { return may_try_again(fault_of(kind), repeat); }

bool is_refusal(CallFault type, std::string_view text) noexcept {
  return fault_of_exception(static_cast<std::int32_t>(type), text).is_refusal;
}

bool is_refusal(std::string_view text) noexcept {
  return std::any_of(std::begin(kExceptions), std::end(kExceptions),
                     [&](const auto& row) { return row.fault.is_refusal && text.starts_with(row.prefix); });
}

}  // namespace p2p::retry
