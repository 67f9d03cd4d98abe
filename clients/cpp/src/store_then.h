// What happens after a store call? Its reply is read into the client's values; a refusal by the store becomes a
// Failure.
#pragma once

#include "engine/call.h"
#include "wire/store_messages.h"

#include <p2p/client.h>

#include <algorithm>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace p2p::client {

// Fewer keys at once may succeed. Nothing was done.
inline bool is_too_much(const StoreRefusal& refusal) { return retry::fault_of_store_error(refusal.kind).is_too_much; }

// A read that fails has changed nothing, whether or not it was executed.
template <class T>
Failure failure_of(Failure failure) {
  if constexpr (std::is_same_v<T, Read> || std::is_same_v<T, ScanPage>) failure.effect = Effect::none;
  return failure;
}

// Reads the reply into `reply`. On failure sets the arrival's failed_attempt and returns Handled::again.
template <class T>
Handled read_store_reply(Arrival& arrival, bool is_many, StoreReply<T>& reply) {
  try {
    decode(*arrival.codec, is_many, reply);
  } catch (const std::exception& thrown) {
    arrival.is_codec_spoiled = true;
    arrival.failed_attempt = failed_attempt_of(retry::fault_of(ErrorKind::protocol),
                                               std::string("the reply makes no sense: ") + thrown.what());
    return Handled::again;
  }
  arrival.view = reply.view;
  if (!reply.refusal) return Handled::done;
  arrival.failed_attempt = failed_attempt_of_store_error(reply.refusal->kind, reply.refusal->message);
  Failure& failure = arrival.failed_attempt.failure;
  failure.is_condition_failed =
      reply.refusal->kind == static_cast<std::int32_t>(retry::StoreErrorKind::condition_failed);
  if (reply.refusal->kind == static_cast<std::int32_t>(retry::StoreErrorKind::operation_forgotten))
    arrival.operations_highest = std::max<std::uint64_t>(1, reply.refusal->operations_highest);
  if (failure.is_condition_failed) failure.there = reply.refusal->version;
  return Handled::again;
}

// The handler of a call for one key.
template <class T>
class StoreThen final {
 public:
  explicit StoreThen(Then<T> then) : then_(std::move(then)) {}

  Handled operator()(Arrival& arrival) {
    if (arrival.failure != nullptr) {
      then_(failure_of<T>(std::move(*arrival.failure)));
      return Handled::done;
    }
    StoreReply<T> reply;
    if (read_store_reply(arrival, false, reply) == Handled::again) return Handled::again;
    then_(std::move(reply.one));
    return Handled::done;
  }

 private:
  Then<T> then_;
};

}  // namespace p2p::client
