// read_many, write_many, erase_many.
#include "serving/batch_here.h"
#include "serving/batch_job.h"
#include "serving/store.h"

namespace p2p::diststore {
namespace {

template <class Verb>
auto in_rounds(const std::shared_ptr<Store>& store, std::vector<typename Verb::Result> done = {}) {
  return [store, done = std::move(done)](typename Verb::Args& args, Answer<typename Verb::Presult> answer) {
    BatchJob<Verb>::start(store, args, std::move(answer), done);
  };
}

void read_many(const std::shared_ptr<Store>& store, Call call) {
  if (read_many_here(*store, call)) return;
  Methods::decode<wire::Store_read_many_args, wire::Store_read_many_presult>(std::move(call),
                                                                             in_rounds<ReadMany>(store));
}

void write_many(const std::shared_ptr<Store>& store, Call call) {
  auto written = write_many_here(*store, call);
  if (!written) return;
  Methods::decode<wire::Store_write_many_args, wire::Store_write_many_presult>(
      std::move(call), in_rounds<WriteMany>(store, *std::move(written)));
}

}  // namespace

void add_batch_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.set("read_many", [store](Call call) { read_many(store, std::move(call)); });
  methods.set("write_many", [store](Call call) { write_many(store, std::move(call)); });
  methods.on<wire::Store_erase_many_args, wire::Store_erase_many_presult>("erase_many", in_rounds<EraseMany>(store));
}

}  // namespace p2p::diststore
