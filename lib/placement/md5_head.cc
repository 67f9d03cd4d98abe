// OpenSSL 3 prefers EVP_Digest(), which costs three times as much for a key and 2 MB at its first use; the one-shot
// MD5() stays in the library, and this silences its deprecation warning.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "placement/md5_head.h"

#include <openssl/md5.h>

namespace p2p::placement {

std::uint32_t md5_head(std::string_view bytes) noexcept {
  unsigned char digest[MD5_DIGEST_LENGTH];
  MD5(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 | std::uint32_t{digest[2]} << 8 | digest[3];
}

}  // namespace p2p::placement
