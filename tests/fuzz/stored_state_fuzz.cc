// For libFuzzer: stored_state_fuzz CORPUS-FOLDER.
#include "stored_state_entry.h"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_stored_state({reinterpret_cast<const char*>(data), size});
  return 0;
}
