#include "random_messages.h"

#include <type_traits>

namespace p2p::diststore::agreed {

namespace thrifted = ::replication_wire;
using namespace replication;  // NOLINT: the bodies

std::string RandomMessages::text(std::size_t bytes_max) {
  std::string made(below(bytes_max + 1), '\0');
  for (char& byte : made) byte = static_cast<char>(random_());
  return made;
}

std::vector<std::string> RandomMessages::texts(std::size_t least) {
  std::vector<std::string> made(least + below(4));
  for (std::string& one : made) one = text(20);
  return made;
}

Body RandomMessages::replicate() {
  auto batch = std::make_shared<Batch>();
  for (std::size_t left = 1 + below(3); left > 0; --left)
    batch->writes.push_back(flag() ? KeyWrite::put_until(text(20), text(200), expiry()) : KeyWrite::erase(text(20)));
  if (flag()) batch->operation = {.client = ~number(), .number = 1 + below(1'000)};
  if (batch->operation.is_set() && flag()) batch->writes.clear();
  return Replicate{.seq = number(), .commit = number(), .batch = std::move(batch)};
}

Body RandomMessages::sync() {
  Sync made{.position = number(), .commit = number(), .born = number(), .since = number()};
  if (flag()) {
    made.operations_highest = 1 + below(1'000);
    made.operations_forgotten = below(1 + made.operations_highest);
  }
  for (std::size_t left = below(4); left > 0; --left) made.entries.push_back({.version = version(), .keys = texts(0)});
  return made;
}

Body RandomMessages::items() {
  Items made{.number = number()};
  for (std::size_t left = below(4); left > 0; --left) {
    Item item{.key = text(20), .is_absent = flag(), .version = version(), .is_uncommitted = flag()};
    if (!item.is_absent) {
      item.value = text(200);
      item.expires_at = expiry();
    }
    made.items.push_back(std::move(item));
  }
  return made;
}

Body RandomMessages::body(unsigned kind) {
  switch (kind) {
    case 0:
      return replicate();
    case 1:
      return Ack{.position = number(),
                 .is_complete = flag(),
                 .filled = number(),
                 .full = flag() ? std::optional(MemoryUse{.used = number(), .max = number()}) : std::nullopt};
    case 2:
      return CommitIndex{.commit = number()};
    case 3:
      return sync();
    case 4:
      return items();
    case 5:
      return BeginBackfill{};
    case 6:
      return Complete{};
    case 7: {
      AskForFill ask{.has_base = flag(), .base = number(), .keys = texts(0)};
      if (ask.has_base) ask.born = number();
      return ask;
    }
    case 8:
      return Fetch{.keys = texts(0)};
    default:
      return Refuse{};
  }
}

Message RandomMessages::message(unsigned kind) {
  Message made{.head = {.partition = static_cast<Partition>(below(kPartitions)),
                        .epoch = number(),
                        .term = number(),
                        .stream = number()},
               .body = body(kind)};
  return made;
}

Message RandomMessages::message() { return message(static_cast<unsigned>(below(std::variant_size_v<Body>))); }

Numbered RandomMessages::numbered() {
  Numbered made{.number = 1 + number()};
  for (std::size_t left = below(5); left > 0; --left) made.messages.push_back(message());
  return made;
}

// --- the generated form ----------------------------------------------------------------------------------------------

namespace {

std::int64_t signed_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }

thrifted::Version to_wire(WriteVersion version) {
  thrifted::Version made;
  made.term = signed_of(version.term);
  made.seq = signed_of(version.seq);
  return made;
}

void fill(thrifted::Message& made, const Replicate& body) {
  thrifted::Replicate one;
  one.seq = signed_of(body.seq);
  one.commit = signed_of(body.commit);
  for (const KeyWrite& write : body.batch->writes) {
    auto& next = one.writes.emplace_back();
    next.key = write.key;
    if (!write.is_erase) next.__set_value(write.value);
    if (write.expires_at != kNoExpiry) next.__set_expires_at(signed_of(write.expires_at));
  }
  if (body.batch->operation.is_set()) {
    one.__set_client(signed_of(body.batch->operation.client));
    one.__set_number(signed_of(body.batch->operation.number));
  }
  made.__set_replicate(one);
}
void fill(thrifted::Message& made, const Ack& body) {
  thrifted::Ack one;
  one.position = signed_of(body.position);
  one.is_complete = body.is_complete;
  one.filled = signed_of(body.filled);
  if (body.full) {
    one.__set_memory_used(signed_of(body.full->used));
    one.__set_memory_max(signed_of(body.full->max));
  }
  made.__set_ack(one);
}
void fill(thrifted::Message& made, const CommitIndex& body) { made.__set_commit(signed_of(body.commit)); }
void fill(thrifted::Message& made, const Sync& body) {
  thrifted::Sync one;
  one.position = signed_of(body.position);
  one.commit = signed_of(body.commit);
  one.born = signed_of(body.born);
  one.since = signed_of(body.since);
  for (const SyncEntry& entry : body.entries) {
    auto& next = one.entries.emplace_back();
    next.version = to_wire(entry.version);
    next.keys = entry.keys;
  }
  if (body.operations_highest != 0) {
    one.__set_operations_forgotten(signed_of(body.operations_forgotten));
    one.__set_operations_highest(signed_of(body.operations_highest));
  }
  made.__set_sync(one);
}
void fill(thrifted::Message& made, const Items& body) {
  thrifted::Items one;
  one.number = signed_of(body.number);
  for (const Item& item : body.items) {
    auto& next = one.items.emplace_back();
    next.key = item.key;
    if (!item.is_absent) next.__set_value(item.value);
    next.version = to_wire(item.version);
    if (item.is_uncommitted) next.__set_is_uncommitted(true);
    if (item.expires_at != kNoExpiry) next.__set_expires_at(signed_of(item.expires_at));
  }
  made.__set_items(one);
}
void fill(thrifted::Message& made, const AskForFill& body) {
  thrifted::AskForFill one;
  if (body.has_base) one.__set_born(signed_of(body.born));
  one.base = signed_of(body.base);
  one.keys = body.keys;
  made.__set_ask_for_fill(one);
}
void fill(thrifted::Message& made, const Fetch& body) { made.__set_fetch(body.keys); }
void fill(thrifted::Message& made, const BeginBackfill&) { made.__set_signal(thrifted::Signal::begin_backfill); }
void fill(thrifted::Message& made, const Complete&) { made.__set_signal(thrifted::Signal::complete); }
void fill(thrifted::Message& made, const Refuse&) { made.__set_signal(thrifted::Signal::refuse); }

}  // namespace

thrifted::Messages to_wire(const Numbered& said) {
  thrifted::Messages made;
  made.number = signed_of(said.number);
  for (const Message& message : said.messages) {
    thrifted::Message& next = made.messages.emplace_back();
    next.partition = static_cast<std::int32_t>(message.head.partition);
    next.epoch = signed_of(message.head.epoch);
    next.term = signed_of(message.head.term);
    next.stream = signed_of(message.head.stream);
    std::visit([&](const auto& body) { fill(next, body); }, message.body);
  }
  return made;
}

}  // namespace p2p::diststore::agreed
