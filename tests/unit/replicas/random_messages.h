// Messages between stores by chance, the same for the same seed; and their generated form.
#pragma once

#include "agreed/wire/replica_codec.h"

#include <replication_types.h>

#include <random>
#include <string>
#include <vector>

namespace p2p::diststore::agreed {

class RandomMessages final {
 public:
  explicit RandomMessages(unsigned seed) : random_(seed) {}

  Numbered numbered();
  replication::Message message();
  replication::Message message(unsigned kind);  // by its place in Body
  SessionId session() { return random_(); }

 private:
  std::uint64_t number() { return below(2) == 0 ? below(200) : random_() >> (2 + below(60)); }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool flag() { return below(2) == 0; }
  WallMs expiry() { return flag() ? kNoExpiry : 1 + below(kExpiryMax); }
  std::string text(std::size_t bytes_max);
  std::vector<std::string> texts(std::size_t least);
  replication::WriteVersion version() { return {number(), number()}; }
  replication::Body body(unsigned kind);
  replication::Body replicate();
  replication::Body sync();
  replication::Body items();

  std::mt19937_64 random_;
};

// As the generated code would write it.
::replication_wire::Messages to_wire(const Numbered& said);

}  // namespace p2p::diststore::agreed
