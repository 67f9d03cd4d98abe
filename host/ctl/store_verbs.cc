// put, get, delete, cas, prime, verify.
#include "ctl/nato_alphabet.h"
#include "ctl/store_client.h"
#include "ctl/verbs.h"
#include "ctl/why_text.h"

#include <p2p/client.h>
#include <p2p/units.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace p2p::ctl {
namespace {

using client::Client;

// A client that knows the ring names what it writes, so that it can try it again whatever came of it.
Result<std::unique_ptr<Client>> store_for_writing(const Session& session) {
  auto store = store_of(session);
  if (store.ok()) (void)store.value()->ring();  // without one, writes go on as those of others
  return store;
}

ExitCode put(const Session& session, const std::string& key, const std::string& value, std::optional<Duration> ttl) {
  const auto store = store_for_writing(session);
  if (!store.ok()) return report(store.error());
  client::CallOptions options;
  options.ttl = ttl;
  const auto written = store.value()->write(key, value, options);
  if (!written.ok()) return report_failure(written.failure(), true);
  if (session.json) print({{"key", key}, {"stored", true}, {"version", json_of(written.value().version)}});
  return ExitCode::done;
}

Result<client::CallOptions> condition_of(const std::string& expected) {
  client::CallOptions options;
  if (expected == "absent") {
    options.if_absent = true;
    return options;
  }
  std::uint64_t stamp = 0;
  std::uint64_t node = 0;
  const char* const end = expected.data() + expected.size();
  const auto first = std::from_chars(expected.data(), end, stamp);
  const bool has_point = first.ec == std::errc() && first.ptr != end && *first.ptr == '.';
  if (has_point) {
    const auto second = std::from_chars(first.ptr + 1, end, node);
    if (second.ec == std::errc() && second.ptr == end) {
      options.if_version = client::Version{static_cast<std::int64_t>(stamp), static_cast<std::int64_t>(node)};
      return options;
    }
  }
  return Error{ErrorKind::invalid,
               "'" + expected + "' is no version: that is 'absent', or STAMP.NODE as cas prints it (and get --json)"};
}

ExitCode cas(const Session& session, const std::string& key, const std::string& expected, const std::string& value) {
  const auto condition = condition_of(expected);
  if (!condition.ok()) {
    complain(condition.error().text);
    return ExitCode::usage;
  }
  const auto store = store_for_writing(session);
  if (!store.ok()) return report(store.error());
  const auto written = store.value()->write(key, value, condition.value());
  if (!written.ok() && !written.failure().is_condition_failed) return report_failure(written.failure(), true);
  const auto there = written.ok() ? std::optional(written.value().version) : written.failure().there;
  const nlohmann::json version = there ? json_of(*there) : nlohmann::json();
  show(session, {{"key", key}, {"stored", written.ok()}, {"version", version}},
       (there ? version_text(there->stamp, there->node) : std::string("absent")) + "\n");
  if (!written.ok() && !session.json) complain("not stored: the key has this version instead");
  return written.ok() ? ExitCode::done : ExitCode::no;
}

// What `any_copy` asks for is answered by the node that is asked, if it can.
ExitCode get(const Session& session, const std::string& key, bool any_copy) {
  const auto store = store_of(session);
  if (!store.ok()) return report(store.error());
  client::CallOptions options;
  if (any_copy) {
    const auto node = node_of(session);
    if (!node.ok()) return report(node.error());
    options.any_copy = true;
    options.any_copy_at = node.value();
  }
  const auto found = store.value()->read(key, options);
  if (!found.ok()) return report_failure(found.failure(), false);
  const client::Read& result = found.value();
  const auto stale_ms_max = result.stale_max.value_or(Duration::zero()) / std::chrono::milliseconds(1);
  if (result.stale_max && !session.json) complain(fmt::format("answered from a copy, at most {} ms old", stale_ms_max));
  if (session.json) {
    nlohmann::json answer{{"key", key}, {"found", result.found}};
    if (result.found) answer.update({{"value", result.value}, {"version", json_of(result.version)}});
    if (result.ttl_left) answer["ttl_ms"] = *result.ttl_left / std::chrono::milliseconds(1);
    if (result.stale_max) answer["stale_ms_max"] = stale_ms_max;
    print(answer);
  } else if (result.found) {
    std::fwrite(result.value.data(), 1, result.value.size(), stdout);
    std::fputc('\n', stdout);
  } else {
    complain("no such key: " + key);
  }
  return result.found ? ExitCode::done : ExitCode::no;
}

ExitCode erase(const Session& session, const std::string& key) {
  const auto store = store_for_writing(session);
  if (!store.ok()) return report(store.error());
  const auto erased = store.value()->erase(key);
  if (!erased.ok()) return report_failure(erased.failure(), true);
  const bool was_found = erased.value().found;
  if (session.json) {
    print({{"key", key}, {"found", was_found}});
  } else if (!was_found) {
    complain("no such key: " + key);
  }
  return was_found ? ExitCode::done : ExitCode::no;
}

std::string check_ttl(const std::string& text) {
  const auto parsed = parse_duration(text);
  if (!parsed.ok()) return parsed.error().text;
  return parsed.value() > Duration::zero() ? std::string() : "a value that is gone at once cannot be stored";
}

// Each word is stored under its first letter.
std::string key_of(std::string_view word) { return std::string(word.substr(0, 1)); }

ExitCode prime(const Session& session) {
  const auto store = store_for_writing(session);
  if (!store.ok()) return report(store.error());
  std::vector<client::Item> items;
  for (const std::string_view word : kNatoAlphabet) items.push_back({key_of(word), std::string(word)});
  for (const auto& written : store.value()->write_many(std::move(items))) {
    if (!written.ok())
      return report(Error{written.failure().kind, written.failure().text + "; some words may be stored"});
  }
  show(session, {{"stored", kNatoAlphabet.size()}},
       fmt::format("stored {} words, A = {} to Z = {}\n", kNatoAlphabet.size(), kNatoAlphabet.front(),
                   kNatoAlphabet.back()));
  return ExitCode::done;
}

// "" when the word is there, else what is wrong with it.
client::Outcome<std::string> flaw_of(Client& store, std::string_view word, const client::Read& found) {
  const std::string key = key_of(word);
  if (found.found && found.value == word) return std::string();
  if (found.found) return fmt::format("{} is '{}' instead of '{}'", key, found.value, word);
  const auto owner = store.owner_of(key);
  if (!owner.ok()) return owner.failure();
  return fmt::format("{} is missing; {} should have it", key, owner.value().name());
}

ExitCode verify(const Session& session) {
  const auto store = store_of(session);
  if (!store.ok()) return report(store.error());
  std::vector<std::string> keys;
  for (const std::string_view word : kNatoAlphabet) keys.push_back(key_of(word));
  const auto read = store.value()->read_many(std::move(keys));
  std::vector<std::string> flaws;
  for (std::size_t at = 0; at < read.size(); ++at) {
    if (!read[at].ok()) return report_failure(read[at].failure(), false);
    auto flaw = flaw_of(*store.value(), kNatoAlphabet[at], read[at].value());
    if (!flaw.ok()) return report_failure(flaw.failure(), false);
    if (!flaw.value().empty()) flaws.push_back(std::move(flaw).value());
  }
  const std::size_t found = kNatoAlphabet.size() - flaws.size();
  show(session, {{"found", found}, {"of", kNatoAlphabet.size()}, {"flaws", flaws}},
       text_of(flaws) + fmt::format("found {} of {}\n", found, kNatoAlphabet.size()));
  return flaws.empty() ? ExitCode::done : ExitCode::no;
}

}  // namespace

void add_store_verbs(CLI::App& app, Session& session) {
  const auto key = std::make_shared<std::string>();
  const auto value = std::make_shared<std::string>();

  const auto ttl = std::make_shared<std::optional<Duration>>();
  CLI::App* verb = add_verb(app, session, "put", "store VALUE under KEY",
                            [key, value, ttl](const Session& asked) { return put(asked, *key, *value, *ttl); });
  verb->add_option("KEY", *key)->required();
  verb->add_option("VALUE", *value)->required();
  verb->add_option_function<std::string>(
          "--ttl", [ttl](const std::string& text) { *ttl = parse_duration(text).value(); },
          "the value is gone after so long, as in 30s; without it, it stays. Needs an agreed cluster")
      ->type_name("TIME")
      ->check(check_ttl);

  const auto any_copy = std::make_shared<bool>(false);
  verb = add_verb(app, session, "get", "print the value of KEY; exit code 1 when there is none",
                  [key, any_copy](const Session& asked) { return get(asked, *key, *any_copy); });
  verb->add_option("KEY", *key)->required();
  verb->add_flag(
      "--any-copy", *any_copy,
      "let the node that is asked answer from its own copy, also while the key's owner is silent, and say how "
      "old the answer may be. Where it has no copy, or cannot say how old, another node answers");

  verb = add_verb(app, session, "delete", "delete KEY; exit code 1 when there is none",
                  [key](const Session& asked) { return erase(asked, *key); });
  verb->add_option("KEY", *key)->required();

  const auto expected = std::make_shared<std::string>();
  verb =
      add_verb(app, session, "cas",
               "store VALUE under KEY if it has version EXPECTED, or there is none; exit code 1 when not. Prints the "
               "version that the key has then",
               [key, expected, value](const Session& asked) { return cas(asked, *key, *expected, *value); });
  verb->add_option("KEY", *key)->required();
  verb->add_option("EXPECTED", *expected, "a version, or absent")->required();
  verb->add_option("VALUE", *value)->required();

  add_verb(app, session, "prime", "store the NATO alphabet, A = Alpha to Z = Zulu", prime);

  add_verb(app, session, "verify", "look for what prime stored; names the node that should have a missing one", verify);
}

}  // namespace p2p::ctl
