// How do receipts leave the book? As the IDL's Receipt, and as lines of a file.
#pragma once

#include "classic/receipts.h"

#include <diststore_types.h>

#include <string>

namespace p2p::diststore {

::diststore::Receipt to_wire(const Receipt& receipt);
Receipt from_wire(const ::diststore::Receipt& receipt);

// One line of JSON. Names were checked when they arrived: nothing in them needs escaping.
std::string to_json(const Receipt& receipt);

// Both clocks of this machine. [any thread]
ReceiptBook::Now receipt_time();

}  // namespace p2p::diststore
