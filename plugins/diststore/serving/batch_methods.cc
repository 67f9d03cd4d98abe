// read_many, write_many, erase_many.
#include "serving/batch_job.h"
#include "serving/store.h"

namespace p2p::diststore {
namespace {

template <class Verb>
void add_batch(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.on<typename Verb::Args, typename Verb::Presult>(
      Verb::kName, [store](auto& args, auto answer) { BatchJob<Verb>::start(store, args, std::move(answer)); });
}

}  // namespace

void add_batch_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  add_batch<ReadMany>(methods, store);
  add_batch<WriteMany>(methods, store);
  add_batch<EraseMany>(methods, store);
}

}  // namespace p2p::diststore
