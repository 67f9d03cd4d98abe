// How do the store's calls look on the wire (idl/diststore.thrift)? Written from and read into the client's own values
// directly, without generated structs in between: a batch of many keys is then copied once.
#pragma once

#include "rules/operations.h"
#include "rules/ring.h"
#include "wire/frame.h"

#include <p2p/client_outcome.h>
#include <p2p/client_values.h>
#include <p2p/handlers.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace p2p::client {

// The calling thread's codec for writing calls.
Codec& encoding_codec();

struct ItemView {
  std::string_view key;
  std::string_view value;
};

// --- calls: whole frames ---------------------------------------------------------------------------------------------

// "read" of one key, "read_many" or "erase_many" of several.
FrameInfo encode_key(Codec& codec, std::string_view service, std::string_view method, std::string_view key,
                     std::string& frame);
FrameInfo encode_read_of_any_copy(Codec& codec, std::string_view service, std::string_view key, std::string& frame);
FrameInfo encode_keys(Codec& codec, std::string_view service, std::string_view method,
                      std::span<const std::string_view> keys, std::string& frame);

// What has to be so before something is done; at most one.
struct Condition {
  std::optional<Version> if_version = {};
  bool if_absent = false;

  bool is_set() const noexcept { return if_version || if_absent; }
};

// Of a write or an erase.
struct WriteOptions {
  Condition condition = {};
  std::int64_t ttl_ms = 0;  // 0: for ever
  OperationId operation = {};
};

// Of a frame whose options have an operation: it is another attempt at that; or the first one at another.
void set_again(std::string& frame);
std::uint64_t operation_number(const std::string& frame);
void set_operation(std::string& frame, const OperationId& operation);

FrameInfo encode_write(Codec& codec, std::string_view service, std::string_view key, std::string_view value,
                       const WriteOptions& options, std::string& frame);
FrameInfo encode_erase(Codec& codec, std::string_view service, std::string_view key, const WriteOptions& options,
                       std::string& frame);
FrameInfo encode_write_many(Codec& codec, std::string_view service, std::span<const ItemView> items,
                            std::int64_t ttl_ms, std::string& frame);

FrameInfo encode_scan(Codec& codec, std::string_view service, std::string_view cursor, const ScanOptions& which,
                      std::string& frame);

FrameInfo encode_state(Codec& codec, std::string_view service, std::string& frame);
// Asks what has changed since the state of that epoch and view.
FrameInfo encode_state_since(Codec& codec, std::string_view service, std::uint64_t epoch, std::uint64_t view,
                             std::string& frame);

// --- replies: the codec's input is at the result ---------------------------------------------------------------------

// A declared exception of the store; `kind` is a StoreErrorKind (retry/faults.h), or one that is not known here.
struct StoreRefusal {
  std::int32_t kind = 0;
  std::string message;
  std::optional<Version> version = {};
  std::uint64_t operations_highest = 0;
};

// What a reply said; `refusal` is set instead of results.
template <class T>
struct StoreReply {
  T one;                             // of a call for one key, or of a scan
  std::vector<T> many;               // of a batch
  std::optional<std::int64_t> view;  // of the last result that carried one
  std::optional<StoreRefusal> refusal;
};

// Throw what Thrift throws when the bytes make no sense, and also for a reply with neither results nor an exception.
void decode(Codec& codec, bool is_many, StoreReply<Read>& reply);
void decode(Codec& codec, bool is_many, StoreReply<Written>& reply);
void decode(Codec& codec, bool is_many, StoreReply<Erased>& reply);
void decode(Codec& codec, bool is_many, StoreReply<ScanPage>& reply);

// A state of the ring, whole or what has changed of it.
struct ToldRing {
  RingFacts facts;     // unless there is a step
  std::string owners;  // of the partitions, as in idl/locator.thrift
  std::optional<RingStep> step;
  std::uint32_t level = 0;  // the feature level in force; 0: not told
};
ToldRing decode_state(Codec& codec);
ToldRing decode_state_since(Codec& codec);

// Type and text of a TApplicationException.
struct RemoteException {
  std::int32_t type = 0;
  std::string text;
};
RemoteException decode_exception(Codec& codec);

}  // namespace p2p::client
