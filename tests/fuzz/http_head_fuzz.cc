// For libFuzzer: http_head_fuzz CORPUS-FOLDER.
#include "http_head_entry.h"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_http_head({reinterpret_cast<const char*>(data), size});
  return 0;
}
