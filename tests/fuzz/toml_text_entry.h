// Does the host read any text as a configuration, or refuse it, without harm? One input of a fuzzer: the text of a
// file.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

enum class TomlOutcome : std::uint8_t { too_much, no_toml, read };

// Aborts when a tree is deeper than the limits that let its text pass, or when messages are longer than they may be.
TomlOutcome try_toml_text(std::string_view input);

}  // namespace p2p::fuzz
