// How does a method for one key answer, and how does it fail? One constant per method, so that whoever serves a key
// need not know which method asks.
#pragma once

#include "replication/version.h"
#include "serving/key_messages.h"
#include "serving/store_forwarder.h"

#include <p2p/call.h>

#include <diststore_types.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace p2p::diststore {

namespace wire = ::diststore;

struct KeyAnswer {
  bool found = false;           // of a read: there is a value; of an erase: there was one
  std::string_view value = {};  // of a read
  Version version = {};         // of what was found, written or erased
  std::int64_t view = 0;
  std::int64_t ttl_left_ms = 0;   // of a read; 0: it lives for ever
  std::int64_t stale_ms_max = 0;  // of a read that is answered from a copy; else 0
};

// Lives forever.
struct KeyMethod : CallKind {
  // Writes the whole answer into the call's codec, from which send() takes it. Null: the caller gets none.
  void (*write_answer)(Call& call, const KeyAnswer& answer);
  // Answers with the error that the method's IDL declares. Null: the method takes no options, and none is due.
  void (*raise)(Call call, const wire::StoreError& error);
};

// [any thread]
inline void answer_with(Call call, const KeyMethod& method, const KeyAnswer& answer) {
  if (method.write_answer == nullptr) return;  // its end ends a oneway call
  method.write_answer(call, answer);
  send(std::move(call));
}

}  // namespace p2p::diststore
