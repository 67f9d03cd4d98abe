// How does what a member must not forget (A1) become bytes for its disk? In a format that has a version. Damage is
// found by whoever keeps the file; what is damaged all the same is an error, and no harm. [any thread]
#pragma once

#include "cluster/embedded/effects.h"

#include <p2p/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::cluster::wire {

inline constexpr std::uint8_t kSavedFormat = 1;  // the first byte

std::string encode_saved(const SavedAgreement& saved);
// Kind invalid: a program of another format wrote it.
Result<SavedAgreement> decode_saved(std::string_view bytes);

}  // namespace p2p::cluster::wire
