// For libFuzzer: scan_cursor_fuzz CORPUS-FOLDER.
#include "scan_cursor_entry.h"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_scan_cursor({reinterpret_cast<const char*>(data), size});
  return 0;
}
