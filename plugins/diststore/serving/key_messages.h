// How do the calls for one key look on the wire? read, get, write and put, and their answers, without the generated
// code: keys and values are used in place in the message, and answers are written straight into the reply. All other
// calls use the generated code. Fields and their numbers: idl/diststore.thrift.
#pragma once

#include "replication/batch.h"
#include "replication/version.h"

#include <p2p/call.h>

#include <diststore_types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace p2p::diststore {

namespace wire = ::diststore;

// Views into the call's message: valid until its handler returns. What a method does not take is empty.
struct KeyArguments {
  std::string_view key;
  std::string_view value;
  replication::Condition condition = {};
  std::int64_t ttl_ms = 0;  // 0: for ever
  replication::OperationId operation = {};
  bool is_again = false;  // of an operation
  bool any_copy = false;  // of read
};

// Of the generated options. Nothing: there are two conditions, which is one too many.
std::optional<replication::Condition> condition_of(const wire::WriteOptions& options);
inline constexpr const char* kTwoConditions = "if_version and if_absent exclude each other";

// Of the generated options. Not set: there is none.
replication::OperationId operation_of(const wire::WriteOptions& options);

// 0: for ever. Nothing: it is out of its range (replication/expiry.h).
std::optional<std::int64_t> ttl_of(const wire::WriteOptions& options);
constexpr bool is_ttl(std::int64_t ttl_ms) noexcept { return ttl_ms > 0 && ttl_ms <= kTtlMaxMs; }
inline constexpr const char* kBadTtl =
    "ttl_ms is a number of milliseconds from 1 to 3153600000000, which are 100 years; without it a value lives for "
    "ever";
static_assert(kTtlMaxMs == 3'153'600'000'000);

// The arguments that a method requires.
enum class Required : std::uint8_t { key, key_and_value };

// Reads the arguments; nothing if they are malformed, or a required one is missing or not a string: the call has then
// been answered with that. [rpc]
std::optional<KeyArguments> take_key_arguments(Call& call, Required required);

// Each writes the whole answer into the call's codec; send() ends the call. [one thread at a time]
// Of read; `ttl_left_ms` 0: the value lives for ever. `stale_ms_max` 0: it is the owner's answer.
void write_found(Call& call, std::string_view value, Version version, std::int64_t view, std::int64_t ttl_left_ms,
                 std::int64_t stale_ms_max = 0);
void write_missing(Call& call, std::int64_t view, std::int64_t stale_ms_max = 0);
void write_stored(Call& call, Version version, std::int64_t view);              // of write
void write_erased(Call& call, bool found, Version version, std::int64_t view);  // of erase
void write_text(Call& call, std::string_view value);                            // of get

// Answers the call with what was written. [any thread]
inline void send(Call call) noexcept { call.take()->finish(); }

}  // namespace p2p::diststore
