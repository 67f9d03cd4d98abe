// Where a key lies in a message, in the words of a test.
#pragma once

#include "routing/key_finder.h"

#include <cstdint>
#include <initializer_list>

namespace p2p::host {

inline KeyPath path_of(std::initializer_list<std::int16_t> ids) {
  KeyPath path;
  for (const std::int16_t id : ids) path.ids[path.depth++] = id;
  return path;
}

}  // namespace p2p::host
