// read_many, write_many, erase_many.
#include "serving/batch_here.h"
#include "serving/batch_job.h"
#include "serving/store.h"
#include "serving/wire_version.h"

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

bool read_copy(const Store& store, const std::string& key, wire::ReadResult& result) {
  const KeyRoute route = store.routing->route(key);
  if (route.where == KeyRoute::Where::here) return false;
  const auto read =
      store.keys->read_copy(key, [&](std::string_view value, Version version, std::int64_t ttl_left_ms, std::int64_t) {
        result.__set_value(std::string(value));
        result.__set_version(to_wire(version));
        if (ttl_left_ms > 0) result.__set_ttl_left_ms(ttl_left_ms);
      });
  if (read.now == KeysHere::Now::later) return false;
  result.found = read.now == KeysHere::Now::found;
  result.__set_view(route.view);
  result.__set_stale_ms_max(read.stale_ms_max);
  return true;
}

void add_batch_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.set("read_many", [store](Call call) { read_many(store, std::move(call)); });
  methods.set("write_many", [store](Call call) { write_many(store, std::move(call)); });
  methods.on<wire::Store_erase_many_args, wire::Store_erase_many_presult>("erase_many", in_rounds<EraseMany>(store));
}

}  // namespace p2p::diststore
