#include "rules/operations.h"

#include <algorithm>

namespace p2p::client {

OperationId OperationNames::next(std::uint64_t now_us) {
  last_ = std::max(last_ + 1, now_us + ahead_us_);
  return {.client = client_, .number = last_};
}

OperationId OperationNames::next_above(std::uint64_t told, std::uint64_t refused, std::uint64_t now_us) {
  if (told < refused) {  // it was too far ahead of the store's clock: numbers are used again, and so not by this client
    ++client_;
    last_ = 0;
  }
  if (last_ <= told) {
    ahead_us_ = told + 1 - now_us;
    last_ = told;
  }
  return next(now_us);
}

}  // namespace p2p::client
