// How are a server's requests encoded, and where does a reply end? One Wire for each kind of server and operation.
#pragma once

#include "load/dataset.h"
#include "load/failures.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::load {

struct Reply {
  std::size_t length = 0;  // bytes of the whole reply, from the start of `received`
  Verdict verdict = Verdict::good;
  std::string words;  // the text of a bad reply, if any
};

// Is a value compared in full, or only by size?
enum class ValueCheck : bool { size, bytes };

class Wire {
 public:
  virtual ~Wire();

  // Appends the whole request for key `number`, as it goes on the wire.
  virtual void request(std::uint64_t number, std::string& into) const = 0;

  // The reply at the start of `received`, which should answer the request for key `number`; nothing while it is
  // incomplete. Throws std::runtime_error on malformed bytes.
  virtual std::optional<Reply> reply(std::string_view received, std::uint64_t number) const = 0;
};

// Framed binary, as our own clients speak: `read` and `write` of the service whose name and colon are `prefix`; empty
// for a server that knows one service only. Requests carry their key's number as sequence id, so each reply tells which
// key it is for.
std::unique_ptr<Wire> framed_read(const Dataset& data, std::string_view prefix, ValueCheck check);
std::unique_ptr<Wire> framed_write(const Dataset& data, std::string_view prefix);

}  // namespace p2p::load
