// What is done with the keys that this node serves? The path of a call has decoded it, and KeyRouting has said "here";
// from then on each mode of the store does it in its own way: classic/classic_keys.h from its engine, at once, or once
// the key has come from its former owner; agreed/agreed_keys.h with the copies of the key's partition.
#pragma once

#include "engine/engine.h"
#include "replication/batch.h"
#include "serving/key_method.h"
#include "serving/key_route.h"
#include "serving/local_part.h"

#include <p2p/call.h>
#include <p2p/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace p2p::diststore {

// What refers to the call's message is valid while its handler runs.
struct KeyChange {
  enum class Kind : std::uint8_t {
    write,
    erase,
    put,  // of the 2009 system: "" leaves nothing to be found
  };
  Kind kind = Kind::write;
  std::string_view key;
  std::string_view value = {};
  replication::Condition condition = {};
  std::int64_t ttl_ms = 0;  // 0: for ever
  replication::OperationId operation = {};
  bool is_again = false;  // another attempt at the operation may have been made

  bool is_erase() const noexcept { return kind == Kind::erase || (kind == Kind::put && value.empty()); }
};

// Every method: [any thread].
class KeysHere {
 public:
  virtual ~KeysHere() = default;

  // --- one key, whose route says `here` ---
  // Each ends the call, now or later: with the method's answer, with its failure, or dispatched again where the key
  // cannot be served after all.

  virtual void read(std::string_view key, const KeyRoute& route, Call call, const KeyMethod& method) = 0;
  virtual void change(const KeyChange& change, const KeyRoute& route, Call call, const KeyMethod& method) = 0;

  // Whether a write that may have been executed may be repeated when its connection broke (decisions 12 and 33).
  virtual bool repeats_writes() const noexcept = 0;
  // Why changes may have no condition; empty: they may.
  virtual std::string_view refusal_of_conditions() const noexcept = 0;
  // Why values may have no time to live; empty: they may.
  virtual std::string_view refusal_of_ttl() const noexcept = 0;

  // --- a batch's keys ---
  // Each fills the part in and runs `done` once, now or later, on any thread; the part lives until then.

  virtual void serve(LocalPart<ReadMany>& part, std::function<void()> done) = 0;
  virtual void serve(LocalPart<WriteMany>& part, std::function<void()> done) = 0;
  virtual void serve(LocalPart<EraseMany>& part, std::function<void()> done) = 0;

  // --- at once, or not at all: for the batches that are answered without generated code ---

  enum class Now : std::uint8_t {
    found,
    missing,
    later,  // nothing was done: serve() may have to wait for it
  };
  // Calls `use` with the value if it is found, and only then; under the rules of Engine::get(). `ttl_left_ms` 0: it
  // lives for ever.
  using Use = FunctionRef<void(std::string_view value, Version version, std::int64_t ttl_left_ms)>;
  virtual Result<Now> read_now(std::string_view key, const KeyRoute& route, Use use) const = 0;

  // From a copy of the key's partition that this node has, whoever is its owner (ReadOptions.any_copy).
  struct CopyRead {
    Now now = Now::later;           // the owner has to be asked
    std::int64_t stale_ms_max = 0;  // unless it is `later`; at least 1
  };
  using UseOfCopy =
      FunctionRef<void(std::string_view value, Version version, std::int64_t ttl_left_ms, std::int64_t stale_ms_max)>;
  virtual CopyRead read_copy(std::string_view key, UseOfCopy use) const = 0;

  // False: write_now() never does anything.
  virtual bool writes_now() const noexcept = 0;
  // The version that the value got; nothing: it was not written. Who writes many reads the clock once.
  virtual Result<std::optional<Version>> write_now(std::string_view key, std::string_view value, const KeyRoute& route,
                                                   std::uint64_t now_ms) = 0;
};

}  // namespace p2p::diststore
