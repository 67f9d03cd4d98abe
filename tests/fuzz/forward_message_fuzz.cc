// For libFuzzer: forward_message_fuzz CORPUS-FOLDER.
#include "forward_message_entry.h"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_forward_message({reinterpret_cast<const char*>(data), size});
  return 0;
}
