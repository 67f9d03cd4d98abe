#include "agreed/sessions.h"

namespace p2p::diststore::agreed {

using replication::Message;

namespace {

// Of heads and lengths on the wire.
constexpr std::size_t kHeadBytes = 96;
constexpr std::size_t kEntryBytes = 64;

std::size_t bytes_of_keys(const std::vector<std::string>& keys) {
  std::size_t bytes = 0;
  for (const std::string& key : keys) bytes += key.size() + sizeof(std::int32_t);
  return bytes;
}

std::size_t bytes_of_body(const replication::Replicate& body) {
  return body.batch->bytes() + body.batch->writes.size() * kEntryBytes;
}
std::size_t bytes_of_body(const replication::Sync& body) {
  std::size_t bytes = body.entries.size() * kEntryBytes;
  for (const replication::SyncEntry& entry : body.entries) bytes += bytes_of_keys(entry.keys);
  return bytes;
}
std::size_t bytes_of_body(const replication::Items& body) {
  std::size_t bytes = body.items.size() * kEntryBytes;
  for (const replication::Item& item : body.items) bytes += item.key.size() + item.value.size();
  return bytes;
}
std::size_t bytes_of_body(const replication::AskForFill& body) { return bytes_of_keys(body.keys); }
std::size_t bytes_of_body(const replication::Fetch& body) { return bytes_of_keys(body.keys); }
template <class Small>
std::size_t bytes_of_body(const Small&) {
  return 0;
}

}  // namespace

std::size_t bytes_of(const Message& message) {
  return kHeadBytes + std::visit([](const auto& body) { return bytes_of_body(body); }, message.body);
}

}  // namespace p2p::diststore::agreed
