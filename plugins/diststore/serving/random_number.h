// Where does chance come from? A file of its own, so that a simulation can repeat a run.
#pragma once

#include <cstdint>

namespace p2p::diststore {

// Not to be guessed, and different in each process. [any thread]
std::uint64_t random_number();

}  // namespace p2p::diststore
