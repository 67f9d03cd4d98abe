// For libFuzzer: toml_text_fuzz CORPUS-FOLDER.
#include "toml_text_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2p::fuzz::try_toml_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
