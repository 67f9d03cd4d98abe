// A function more than the SDK has: old plugins do not miss what they do not know.
#include <p2p/strand.h>

#ifdef P2P_PLANTED_FUNCTION
namespace p2p {
void pause_all() {}
}  // namespace p2p
#endif
