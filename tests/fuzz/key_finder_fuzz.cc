// For libFuzzer: key_finder_fuzz CORPUS-FOLDER.
#include "key_finder_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_key_finder({reinterpret_cast<const char*>(data), size});
  return 0;
}
