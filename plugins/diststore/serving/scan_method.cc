// scan: all keys, page by page. Decoded and checked here; the mode of the store finds the page.
#include "serving/scans.h"
#include "serving/store.h"

#include <Store.h>

#include <algorithm>
#include <string>
#include <utility>

namespace p2p::diststore {
namespace {

void answer_scan(Call call, const wire::ScanResult& result) {
  Answer<wire::Store_scan_presult>{std::move(call)}(result);
}

constexpr ScanMethod kScan{{Repeat::always, raise_failure<wire::Store_scan_presult>}, answer_scan};

constexpr const char* kBadCursor =
    "the cursor is none that a scan has returned; an empty one begins a scan, and it goes on with the cursor of the "
    "answer before, unchanged";
constexpr const char* kBadLimit = "the limit of a scan is the number of keys in one answer, at least 1";

void scan(const std::shared_ptr<Store>& store, wire::Store_scan_args& args, Answer<wire::Store_scan_presult> answer) {
  auto cursor = ScanCursor::decode(args.cursor);
  if (!cursor) return answer.fail(CallFault::protocol_error, kBadCursor);
  ScanRequest request{.cursor = std::move(*cursor), .reply_bytes_max = store->options.batch_reply_bytes_max};
  if (args.options.__isset.limit) {
    if (args.options.limit < 1) return answer.fail(CallFault::protocol_error, kBadLimit);
    request.keys_max = std::min(static_cast<std::size_t>(args.options.limit), kScanEntriesMax);
  }
  request.prefix = std::move(args.options.prefix);
  request.has_values = args.options.values;
  request.is_here = args.options.here;
  if (const auto why = store->scans->refusal_of(request); !why.empty())
    return raise(answer, store_error(wire::StoreErrorKind::unsupported, std::string(why)));
  store->scans->scan(std::move(request), answer.release(), kScan);
}

}  // namespace

void add_scan_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.on<wire::Store_scan_args, wire::Store_scan_presult>(
      "scan", [store](auto& args, auto answer) { scan(store, args, std::move(answer)); });
}

}  // namespace p2p::diststore
