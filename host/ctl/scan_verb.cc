// scan: lists the keys of an agreed cluster.
#include "ctl/store_client.h"
#include "ctl/verbs.h"
#include "text/foreign_text.h"

#include <p2p/client.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace p2p::ctl {
namespace {

using client::Client;
using client::ScanItem;

// As many keys as a node looks at for one page.
constexpr std::uint64_t kPageKeysMax = 4096;

struct Wanted {
  std::string prefix;
  std::uint64_t limit = 0;  // of keys that are shown; 0: all
  bool values = false;
};

// Keys go to the output page by page as lines, or into one document.
class Listing final {
 public:
  Listing(const Session& session, const Wanted& wanted) : session_(session), wanted_(wanted) {}

  bool is_full() const noexcept { return wanted_.limit != 0 && shown_ == wanted_.limit; }

  void add(const ScanItem& item, const std::string& value) {
    ++shown_;
    if (session_.json) {
      nlohmann::json one{{"key", item.key}, {"version", json_of(item.version)}};
      if (wanted_.values) one["value"] = value;
      keys_.push_back(std::move(one));
      return;
    }
    text_ += host::foreign_text(item.key, item.key.size());
    if (wanted_.values) text_ += '\t' + host::foreign_text(value, value.size());
    text_ += '\n';
  }
  void end_page() {
    if (!session_.json) show(session_, {}, std::exchange(text_, {}));
  }
  void end(bool is_complete) {
    if (session_.json) print({{"keys", std::move(keys_)}, {"complete", is_complete}});
  }

 private:
  const Session& session_;
  const Wanted& wanted_;
  std::uint64_t shown_ = 0;
  std::string text_;
  nlohmann::json keys_ = nlohmann::json::array();
};

// Nothing: the key has been erased since. A value that did not fit the page is read by itself.
client::Outcome<std::optional<std::string>> value_of(Client& store, const ScanItem& item, const Wanted& wanted) {
  if (!wanted.values) return std::optional<std::string>("");
  if (item.value) return item.value;
  const auto read = store.read(item.key);
  if (!read.ok()) return read.failure();
  return read.value().found ? std::optional(read.value().value) : std::nullopt;
}

// Adds the page until the listing is full. How many of its items were looked at.
client::Outcome<std::size_t> add_page(Client& store, const client::ScanPage& page, const Wanted& wanted,
                                      Listing& listing) {
  std::size_t at = 0;
  for (; at < page.items.size() && !listing.is_full(); ++at) {
    const auto value = value_of(store, page.items[at], wanted);
    if (!value.ok()) return value.failure();
    if (value.value()) listing.add(page.items[at], *value.value());
  }
  listing.end_page();
  return at;
}

ExitCode scan(const Session& session, const Wanted& wanted) {
  const auto store = store_of(session);
  if (!store.ok()) return report(store.error());
  client::ScanOptions which{.prefix = wanted.prefix, .has_values = wanted.values};
  if (wanted.limit != 0) which.limit = static_cast<std::int32_t>(std::min(wanted.limit, kPageKeysMax));
  Listing listing(session, wanted);
  std::string cursor;
  bool is_complete = false;
  do {
    const auto page = store.value()->scan(cursor, which);
    if (!page.ok()) return report_failure(page.failure(), false);
    const auto added = add_page(*store.value(), page.value(), wanted, listing);
    if (!added.ok()) return report_failure(added.failure(), false);
    cursor = page.value().cursor;
    is_complete = cursor.empty() && added.value() == page.value().items.size();
  } while (!cursor.empty() && !listing.is_full());
  listing.end(is_complete);
  return ExitCode::done;
}

}  // namespace

void add_scan_verb(CLI::App& app, Session& session) {
  const auto wanted = std::make_shared<Wanted>();
  CLI::App* const verb =
      add_verb(app, session, "scan",
               "list the keys of the network in no order, one a line; needs an agreed cluster. A key that stays is "
               "listed at least once, also while keys move",
               [wanted](const Session& asked) { return scan(asked, *wanted); });
  verb->add_option("--prefix", wanted->prefix, "only keys that begin with this");
  verb->add_option("--limit", wanted->limit, "stop after so many keys; by default all")->check(CLI::PositiveNumber);
  verb->add_flag("--values", wanted->values, "with the value of each key, behind a tab");
}

}  // namespace p2p::ctl
