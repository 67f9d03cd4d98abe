// Which symbols does libp2psdk share? Interfaces and exceptions; everything else of a component stays hidden.
#pragma once

#define P2P_API [[gnu::visibility("default")]]
