// What do other nodes' stores ask of ours when keys move? The rest of diststore.StorePeer: transfer, finish, claim,
// pull and receipts.
#pragma once

#include "moving/mover.h"
#include "moving/receipts.h"
#include "serving/store.h"

#include <p2p/handlers.h>

#include <memory>

namespace p2p::diststore {

void add_transfer_methods(Methods& methods, const std::shared_ptr<Store>& store, const std::shared_ptr<Mover>& mover,
                          const std::shared_ptr<ReceiptBook>& receipts);

}  // namespace p2p::diststore
