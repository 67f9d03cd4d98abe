// How do other locators reach this one? The methods of the service Membership, served as the part "peer".
#pragma once

#include "classic/adapter.h"
#include "locator_shell.h"

#include <p2p/handlers.h>

#include <memory>

namespace p2p::wire {

// Answers on the node's strand; malformed bytes get an exception at once.
void add_membership_methods(Methods& methods, std::shared_ptr<ring::LocatorShell> node,
                            std::shared_ptr<classic::Adapter> membership);

}  // namespace p2p::wire
