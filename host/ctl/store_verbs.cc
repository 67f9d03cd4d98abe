// put, get, delete, prime, verify.
#include "ctl/nato_alphabet.h"
#include "ctl/verbs.h"

#include <p2p/handlers.h>

#include <Store.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

namespace p2p::ctl {
namespace {

constexpr const char* kStore = "diststore";

Result<diststore::ReadResult> read(Connection& node, const std::string& key) {
  return node.ask<diststore::StoreClient>(kStore, [&](auto& client) {
    diststore::ReadResult result;
    client.read(result, key, {});
    return result;
  });
}

Result<diststore::WriteResult> write(Connection& node, const std::string& key, const std::string& value) {
  return node.ask<diststore::StoreClient>(kStore, [&](auto& client) {
    diststore::WriteResult result;
    client.write(result, key, value, {});
    return result;
  });
}

nlohmann::json json_of(const diststore::Version& version) { return {{"stamp", version.stamp}, {"node", version.node}}; }

ExitCode put(const Session& session, const std::string& key, const std::string& value) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto written = write(node.value(), key, value);
  if (!written.ok()) return report(written.error());
  if (session.json) print({{"key", key}, {"stored", true}, {"version", json_of(written.value().version)}});
  return ExitCode::done;
}

ExitCode get(const Session& session, const std::string& key) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto found = read(node.value(), key);
  if (!found.ok()) return report(found.error());
  const diststore::ReadResult& result = found.value();
  if (session.json) {
    nlohmann::json answer{{"key", key}, {"found", result.found}};
    if (result.found) answer.update({{"value", result.value}, {"version", json_of(result.version)}});
    print(answer);
  } else if (result.found) {
    std::fwrite(result.value.data(), 1, result.value.size(), stdout);
    std::fputc('\n', stdout);
  } else {
    fmt::print(stderr, "p2pctl: no such key: {}\n", key);
  }
  return result.found ? ExitCode::done : ExitCode::no;
}

ExitCode erase(const Session& session, const std::string& key) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto erased = node.value().ask<diststore::StoreClient>(kStore, [&](auto& client) {
    diststore::EraseResult result;
    client.erase(result, key, {});
    return result.found;
  });
  if (!erased.ok()) return report(erased.error());
  if (session.json) {
    print({{"key", key}, {"found", erased.value()}});
  } else if (!erased.value()) {
    fmt::print(stderr, "p2pctl: no such key: {}\n", key);
  }
  return erased.value() ? ExitCode::done : ExitCode::no;
}

ExitCode prime(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  for (const std::string_view word : kNatoAlphabet) {
    const auto written = write(node.value(), std::string(word.substr(0, 1)), std::string(word));
    if (!written.ok()) return report(written.error());
  }
  if (session.json) {
    print({{"stored", kNatoAlphabet.size()}});
  } else {
    fmt::print("stored {} words, A = {} to Z = {}\n", kNatoAlphabet.size(), kNatoAlphabet.front(),
               kNatoAlphabet.back());
  }
  return ExitCode::done;
}

// "" when the word is there, else what is wrong with it.
Result<std::string> flaw_of(Connection& node, std::string_view word) {
  const std::string key(word.substr(0, 1));
  const auto found = read(node, key);
  if (!found.ok()) return found.error();
  if (found.value().found && found.value().value == word) return std::string();
  if (found.value().found) return fmt::format("{} is '{}' instead of '{}'", key, found.value().value, word);
  const auto owner = node.ask<locator::LocatorClient>("locator", [&](auto& client) {
    locator::Location location;
    client.get_node(location, key);
    return from_wire(location).name();
  });
  if (!owner.ok()) return owner.error();
  return fmt::format("{} is missing; {} should have it", key, owner.value());
}

ExitCode verify(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  std::vector<std::string> flaws;
  for (const std::string_view word : kNatoAlphabet) {
    auto flaw = flaw_of(node.value(), word);
    if (!flaw.ok()) return report(flaw.error());
    if (!flaw.value().empty()) flaws.push_back(std::move(flaw).value());
  }
  const std::size_t found = kNatoAlphabet.size() - flaws.size();
  if (session.json) {
    print({{"found", found}, {"of", kNatoAlphabet.size()}, {"flaws", flaws}});
  } else {
    for (const std::string& flaw : flaws) fmt::print("{}\n", flaw);
    fmt::print("found {} of {}\n", found, kNatoAlphabet.size());
  }
  return flaws.empty() ? ExitCode::done : ExitCode::no;
}

}  // namespace

void add_store_verbs(CLI::App& app, Session& session) {
  const auto key = std::make_shared<std::string>();
  const auto value = std::make_shared<std::string>();

  CLI::App* verb = app.add_subcommand("put", "store VALUE under KEY");
  verb->add_option("KEY", *key)->required();
  verb->add_option("VALUE", *value)->required();
  verb->callback(
      [&session, key, value] { session.verb = [&session, key, value] { return put(session, *key, *value); }; });

  verb = app.add_subcommand("get", "print the value of KEY; exit code 1 when there is none");
  verb->add_option("KEY", *key)->required();
  verb->callback([&session, key] { session.verb = [&session, key] { return get(session, *key); }; });

  verb = app.add_subcommand("delete", "delete KEY; exit code 1 when there is none");
  verb->add_option("KEY", *key)->required();
  verb->callback([&session, key] { session.verb = [&session, key] { return erase(session, *key); }; });

  verb = app.add_subcommand("prime", "store the NATO alphabet, A = Alpha to Z = Zulu");
  verb->callback([&session] { session.verb = [&session] { return prime(session); }; });

  verb = app.add_subcommand("verify", "look for what prime stored; names the node that should have a missing one");
  verb->callback([&session] { session.verb = [&session] { return verify(session); }; });
}

}  // namespace p2p::ctl
