// How is a ring change logged? One line for each, worded the same everywhere. Pure.
#pragma once

#include "classic/core/messages.h"

#include <string>

namespace p2p::classic {

// "127.0.0.1:9901 has left"
std::string change_text(const MembershipChange& change);

// A member ended without leaving properly: an operator should look at it.
bool is_trouble(const MembershipChange& change) noexcept;

}  // namespace p2p::classic
