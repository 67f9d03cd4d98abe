// For libFuzzer: cluster_wire_fuzz CORPUS-FOLDER.
#include "cluster_wire_entry.h"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_cluster_wire({reinterpret_cast<const char*>(data), size});
  return 0;
}
