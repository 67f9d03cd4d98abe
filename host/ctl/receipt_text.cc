#include "ctl/receipt_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <boost/locale/utf.hpp>

#include <ctime>
#include <iterator>

namespace p2p::ctl {
namespace {

std::string hexadecimal(std::int64_t number) { return fmt::format("{:016x}", static_cast<std::uint64_t>(number)); }

std::string time_text(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:%H:%M:%S}.{:03}", local, ms % 1000);
}

std::string verdict(const diststore::Receipt& receipt) {
  if (receipt.undelivered > 0) return fmt::format("{} NOT DELIVERED", receipt.undelivered);
  if (!receipt.complete) return "incomplete";
  return receipt.digest_before == receipt.digest_after ? "agreed" : "differs";
}

// Keys are arbitrary bytes, JSON is text: each byte that is not ASCII becomes the code point of the same number.
std::vector<std::string> texts_of(const std::vector<std::string>& keys) {
  std::vector<std::string> texts;
  for (const std::string& key : keys) {
    auto into = std::back_inserter(texts.emplace_back());
    for (const char letter : key) {
      into = boost::locale::utf::utf_traits<char>::encode(static_cast<unsigned char>(letter), into);
    }
  }
  return texts;
}

}  // namespace

std::string receipts_text(const std::vector<diststore::Receipt>& receipts) {
  if (receipts.empty()) return "nothing has moved to or from this node\n";
  constexpr const char* kLine = "{:<12}  {:<21}  {:<21}  {:>10}  {:>8}  {:>12}  {:>8}  {:<16}  {}\n";
  std::string text = fmt::format(kLine, "STARTED", "DONOR", "RECEIVER", "KEYS", "KEPT", "BYTES", "MS", "DIGEST", "");
  for (const diststore::Receipt& receipt : receipts) {
    text += fmt::format(kLine, time_text(receipt.started_at_ms), receipt.donor, receipt.receiver, receipt.keys,
                        receipt.kept, receipt.bytes, receipt.duration_ms, hexadecimal(receipt.digest_after),
                        verdict(receipt));
  }
  return text;
}

nlohmann::json receipts_json(const std::vector<diststore::Receipt>& receipts) {
  nlohmann::json all = nlohmann::json::array();
  for (const diststore::Receipt& receipt : receipts) {
    all.push_back({{"session", hexadecimal(receipt.session)},
                   {"donor", receipt.donor},
                   {"receiver", receipt.receiver},
                   {"view", hexadecimal(receipt.view)},
                   {"keys", receipt.keys},
                   {"kept", receipt.kept},
                   {"bytes", receipt.bytes},
                   {"digest_before", hexadecimal(receipt.digest_before)},
                   {"digest_after", hexadecimal(receipt.digest_after)},
                   {"started_at_ms", receipt.started_at_ms},
                   {"duration_ms", receipt.duration_ms},
                   {"complete", receipt.complete}});
    if (receipt.undelivered > 0) {
      all.back()["undelivered"] = receipt.undelivered;
      all.back()["undelivered_keys"] = texts_of(receipt.undelivered_keys);
    }
  }
  return all;
}

}  // namespace p2p::ctl
