// For libFuzzer: replica_wire_fuzz CORPUS-FOLDER.
#include "replica_wire_entry.h"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_replica_wire({reinterpret_cast<const char*>(data), size});
  return 0;
}
