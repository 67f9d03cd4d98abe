#include "classic/receipt_wire.h"

#include "classic/local_store.h"

#include <fmt/format.h>

namespace p2p::diststore {

::diststore::Receipt to_wire(const Receipt& receipt) {
  ::diststore::Receipt sent;
  sent.session = static_cast<std::int64_t>(receipt.session);
  sent.donor = receipt.donor;
  sent.receiver = receipt.receiver;
  sent.view = static_cast<std::int64_t>(receipt.view);
  sent.keys = static_cast<std::int64_t>(receipt.keys);
  sent.kept = static_cast<std::int64_t>(receipt.kept);
  sent.bytes = static_cast<std::int64_t>(receipt.bytes);
  sent.digest_before = static_cast<std::int64_t>(receipt.digest_before);
  sent.digest_after = static_cast<std::int64_t>(receipt.digest_after);
  sent.started_at_ms = receipt.started_at_ms;
  sent.duration_ms = receipt.duration_ms;
  sent.complete = receipt.is_complete;
  if (receipt.undelivered > 0) {
    sent.__set_undelivered(static_cast<std::int64_t>(receipt.undelivered));
    sent.__set_undelivered_keys(receipt.undelivered_keys);
  }
  return sent;
}

Receipt from_wire(const ::diststore::Receipt& receipt) {
  Receipt read;
  read.session = static_cast<std::uint64_t>(receipt.session);
  read.donor = receipt.donor;
  read.receiver = receipt.receiver;
  read.view = static_cast<std::uint64_t>(receipt.view);
  read.keys = static_cast<std::uint64_t>(receipt.keys);
  read.kept = static_cast<std::uint64_t>(receipt.kept);
  read.bytes = static_cast<std::uint64_t>(receipt.bytes);
  read.digest_before = static_cast<std::uint64_t>(receipt.digest_before);
  read.digest_after = static_cast<std::uint64_t>(receipt.digest_after);
  read.started_at_ms = receipt.started_at_ms;
  read.duration_ms = receipt.duration_ms;
  read.is_complete = receipt.complete;
  return read;
}

namespace {

// Keys are any bytes: a byte that is not plain ASCII becomes the character with its number.
std::string json_text(std::string_view key) {
  std::string text = "\"";
  for (const char letter : key) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\') {
      text += fmt::format("\\u{:04x}", byte);
    } else {
      text += letter;
    }
  }
  return text + '"';
}

std::string undelivered_json(const Receipt& receipt) {
  if (receipt.undelivered == 0) return "";
  std::string text = fmt::format(R"(,"undelivered":{},"undelivered_keys":[)", receipt.undelivered);
  for (std::size_t at = 0; at < receipt.undelivered_keys.size(); ++at) {
    text += (at == 0 ? "" : ",") + json_text(receipt.undelivered_keys[at]);
  }
  return text + ']';
}

}  // namespace

std::string to_json(const Receipt& receipt) {
  return fmt::format(
      R"({{"session":"{:016x}","donor":"{}","receiver":"{}","view":"{:016x}","keys":{},"kept":{},"bytes":{},)"
      R"("digest_before":"{:016x}","digest_after":"{:016x}","started_at_ms":{},"duration_ms":{},"complete":{}{}}})",
      receipt.session, receipt.donor, receipt.receiver, receipt.view, receipt.keys, receipt.kept, receipt.bytes,
      receipt.digest_before, receipt.digest_after, receipt.started_at_ms, receipt.duration_ms, receipt.is_complete,
      undelivered_json(receipt));
}

ReceiptBook::Now receipt_time() {
  return {static_cast<std::int64_t>(wall_clock_ms()), std::chrono::steady_clock::now()};
}

}  // namespace p2p::diststore
