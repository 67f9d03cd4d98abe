// Why is there no order? The first step that finds no place, and the few others that leave it none: for a person to
// read.
#pragma once

#include "history/linearizability.h"

#include <cstddef>
#include <span>
#include <vector>

namespace p2p::history {

struct Proof {
  std::size_t step = 0;  // up to the one that ended before it, all fits
  std::vector<std::size_t>
      others;                   // with these alone it finds no place, whatever the rest has done; by their beginning
  std::vector<State> states;    // what the register may have held before it
  bool is_of_versions = false;  // an order exists, but not one in which versions grow
};

// Of steps that cannot be put in an order. It is the shortest in that none of `others` can be left out.
Proof prove(std::span<const Step> steps);

}  // namespace p2p::history
