// What do other nodes' stores ask of ours when keys move? The rest of diststore.StorePeer: transfer, finish, transfer
// request, fetch and receipts.
#pragma once

#include "classic/classic_store.h"
#include "classic/rebalancer.h"
#include "classic/receipts.h"

#include <p2p/handlers.h>

#include <memory>

namespace p2p::diststore {

void add_transfer_methods(Methods& methods, const std::shared_ptr<ClassicStore>& store,
                          const std::shared_ptr<Rebalancer>& rebalancer, const std::shared_ptr<ReceiptBook>& receipts);

}  // namespace p2p::diststore
