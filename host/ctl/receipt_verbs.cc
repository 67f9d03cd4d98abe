// receipts: what moved to and from a node, and whether both sides' counts agree.
#include "ctl/receipt_text.h"
#include "ctl/verbs.h"

#include <StorePeer.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace p2p::ctl {
namespace {

ExitCode receipts(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto kept = node.value().ask<diststore::StorePeerClient>("diststore.peer", [](auto& client) {
    std::vector<diststore::Receipt> all;
    client.receipts(all);
    return all;
  });
  if (!kept.ok()) return report(kept.error());
  if (session.json) {
    print({{"receipts", receipts_json(kept.value())}});
  } else {
    fmt::print("{}", receipts_text(kept.value()));
  }
  return ExitCode::done;
}

}  // namespace

void add_receipt_verbs(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("receipts", "what has moved to and from a node, and whether both sides agree");
  verb->callback([&session] { session.verb = [&session] { return receipts(session); }; });
}

}  // namespace p2p::ctl
