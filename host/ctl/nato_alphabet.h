// What does `prime` store? The spelling alphabet, one word a letter, in the spelling of the 2009 system's own primer.
#pragma once

#include <array>
#include <string_view>

namespace p2p::ctl {

inline constexpr std::array<std::string_view, 26> kNatoAlphabet = {
    "Alpha",  "Bravo", "Charlie", "Delta",  "Echo",     "Foxtrot", "Golf",   "Hotel",  "India",
    "Juliet", "Kilo",  "Lima",    "Mike",   "November", "Oscar",   "Papa",   "Quebec", "Romeo",
    "Sierra", "Tango", "Uniform", "Victor", "Whiskey",  "X-ray",   "Yankee", "Zulu"};

}  // namespace p2p::ctl
