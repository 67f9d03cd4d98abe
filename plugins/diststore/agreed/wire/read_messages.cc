// Reads what primaries and copies say: the bodies of messages.
#include "agreed/wire/fields.h"

#include <optional>
#include <utility>

namespace p2p::diststore::agreed::wire {
namespace {

using namespace replication;  // NOLINT: the bodies

Why read(Reader& reader, WriteVersion& version) {
  Fields fields(reader);
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      fields.natural(version.term);
    } else if (fields.is(2, FieldKind::i64)) {
      fields.natural(version.seq);
    } else {
      fields.skip();
    }
  }
  return fields.end(bits({1, 2}));
}

constexpr Why kErasedUntil = "what is erased expires";

// Engines have no room for more.
void read_expiry(Fields& fields, WallMs& expires_at) {
  fields.natural(expires_at);
  if (expires_at > kExpiryMax) fields.fail("a number is out of its range");
}

Why read(Reader& reader, KeyWrite& write) {
  Fields fields(reader);
  std::string_view key;
  std::string_view value;
  while (fields.next()) {
    if (fields.is(1, FieldKind::text)) {
      fields.text(key);
    } else if (fields.is(2, FieldKind::text)) {
      fields.text(value);
    } else if (fields.is(3, FieldKind::i64)) {
      read_expiry(fields, write.expires_at);
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1}))) return why;
  if (!fields.has(2) && write.expires_at != kNoExpiry) return kErasedUntil;
  write.key.assign(key);
  write.value.assign(value);
  write.is_erase = !fields.has(2);
  write.hash = hash_of(key);
  return nullptr;
}

Why read(Reader& reader, Replicate& body) {
  Fields fields(reader);
  const auto batch = std::make_shared<Batch>();
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      fields.natural(body.seq);
    } else if (fields.is(2, FieldKind::i64)) {
      fields.natural(body.commit);
    } else if (fields.is(3, FieldKind::list)) {
      read_list(fields, FieldKind::structure, kKeysMax, [&](std::uint32_t count) -> Why {
        if (batch->writes.empty()) batch->writes.reserve(std::min<std::size_t>(count, kReservedMax));
        return read(fields.reader(), batch->writes.emplace_back());
      });
    } else if (fields.is(4, FieldKind::i64)) {
      fields.bits_of(batch->operation.client);
    } else if (fields.is(5, FieldKind::i64)) {
      fields.natural(batch->operation.number);
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1, 2, 3}))) return why;
  if (batch->writes.empty() && !batch->operation.is_set()) return "a write has no keys";
  body.batch = batch;
  return nullptr;
}

Why read(Reader& reader, Ack& body) {
  Fields fields(reader);
  replication::MemoryUse memory;
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      fields.natural(body.position);
    } else if (fields.is(2, FieldKind::boolean)) {
      fields.flag(body.is_complete);
    } else if (fields.is(3, FieldKind::i64)) {
      fields.natural(body.filled);
    } else if (fields.is(4, FieldKind::i64)) {
      fields.natural(memory.used);
    } else if (fields.is(5, FieldKind::i64)) {
      fields.natural(memory.max);
    } else {
      fields.skip();
    }
  }
  if (fields.has(4) && fields.has(5)) body.full = memory;
  return fields.end(bits({1, 2, 3}));
}

Why read(Reader& reader, SyncEntry& entry) {
  Fields fields(reader);
  while (fields.next()) {
    if (fields.is(1, FieldKind::structure)) {
      fields.note();
      if (const Why why = read(fields.reader(), entry.version)) fields.fail(why);
    } else if (fields.is(2, FieldKind::list)) {
      read_texts(fields, entry.keys);
    } else {
      fields.skip();
    }
  }
  return fields.end(bits({1, 2}));
}

Why read(Reader& reader, Sync& body) {
  Fields fields(reader);
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      fields.natural(body.position);
    } else if (fields.is(2, FieldKind::i64)) {
      fields.natural(body.commit);
    } else if (fields.is(3, FieldKind::i64)) {
      fields.natural(body.born);
    } else if (fields.is(4, FieldKind::i64)) {
      fields.natural(body.since);
    } else if (fields.is(6, FieldKind::i64)) {
      fields.natural(body.operations_forgotten);
    } else if (fields.is(7, FieldKind::i64)) {
      fields.natural(body.operations_highest);
    } else if (fields.is(5, FieldKind::list)) {
      read_list(fields, FieldKind::structure, kKeysMax,
                [&](std::uint32_t) { return read(fields.reader(), body.entries.emplace_back()); });
    } else {
      fields.skip();
    }
  }
  return fields.end(bits({1, 2, 3, 4, 5}));
}

Why read(Reader& reader, Item& item) {
  Fields fields(reader);
  std::string_view key;
  std::string_view value;
  while (fields.next()) {
    if (fields.is(1, FieldKind::text)) {
      fields.text(key);
    } else if (fields.is(2, FieldKind::text)) {
      fields.text(value);
    } else if (fields.is(3, FieldKind::structure)) {
      fields.note();
      if (const Why why = read(fields.reader(), item.version)) fields.fail(why);
    } else if (fields.is(4, FieldKind::boolean)) {
      fields.flag(item.is_uncommitted);
    } else if (fields.is(5, FieldKind::i64)) {
      read_expiry(fields, item.expires_at);
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1, 3}))) return why;
  if (!fields.has(2) && item.expires_at != kNoExpiry) return kErasedUntil;
  item.key.assign(key);
  item.value.assign(value);
  item.is_absent = !fields.has(2);
  return nullptr;
}

Why read(Reader& reader, Items& body) {
  Fields fields(reader);
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      fields.natural(body.number);
    } else if (fields.is(2, FieldKind::list)) {
      read_list(fields, FieldKind::structure, kKeysMax,
                [&](std::uint32_t) { return read(fields.reader(), body.items.emplace_back()); });
    } else {
      fields.skip();
    }
  }
  return fields.end(bits({1, 2}));
}

Why read(Reader& reader, AskForFill& body) {
  Fields fields(reader);
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      fields.natural(body.born);
    } else if (fields.is(2, FieldKind::i64)) {
      fields.natural(body.base);
    } else if (fields.is(3, FieldKind::list)) {
      read_texts(fields, body.keys);
    } else {
      fields.skip();
    }
  }
  body.has_base = fields.has(1);
  return fields.end(bits({2, 3}));
}

std::optional<Body> signal_of(std::uint64_t code) {
  switch (code) {
    case 1:
      return BeginBackfill{};
    case 2:
      return Complete{};
    case 3:
      return Refuse{};
    default:
      return std::nullopt;
  }
}

// --- one message -----------------------------------------------------------------------------------------------------

// Whose body is read in place: a message has one.
template <class Kind>
void read_body(Fields& fields, Body& body) {
  fields.note();
  if (const Why why = read(fields.reader(), body.emplace<Kind>())) fields.fail(why);
}

// False: the field is none.
bool read_body(Fields& fields, Body& body) {
  if (fields.is(5, FieldKind::structure)) {
    read_body<Replicate>(fields, body);
  } else if (fields.is(6, FieldKind::structure)) {
    read_body<Ack>(fields, body);
  } else if (fields.is(7, FieldKind::i64)) {
    fields.natural(body.emplace<CommitIndex>().commit);
  } else if (fields.is(8, FieldKind::structure)) {
    read_body<Sync>(fields, body);
  } else if (fields.is(9, FieldKind::structure)) {
    read_body<Items>(fields, body);
  } else if (fields.is(10, FieldKind::structure)) {
    read_body<AskForFill>(fields, body);
  } else if (fields.is(11, FieldKind::list)) {
    read_texts(fields, body.emplace<Fetch>().keys);
  } else if (fields.is(12, FieldKind::i32)) {
    std::uint64_t code = 0;
    fields.natural(code);
    if (auto signal = signal_of(code))
      body = std::move(*signal);
    else
      fields.fail("a message says nothing that is known");
  } else {
    return false;
  }
  return true;
}

Why read(Reader& reader, Message& message) {
  Fields fields(reader);
  int bodies = 0;
  std::uint64_t partition = 0;
  while (fields.next()) {
    if (fields.is(1, FieldKind::i32)) {
      fields.natural(partition);
    } else if (fields.is(2, FieldKind::i64)) {
      fields.natural(message.head.epoch);
    } else if (fields.is(3, FieldKind::i64)) {
      fields.natural(message.head.term);
    } else if (fields.is(4, FieldKind::i64)) {
      fields.natural(message.head.stream);
    } else if (read_body(fields, message.body)) {
      if (++bodies > 1) fields.fail("a message says more than one thing");
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1, 2, 3, 4}))) return why;
  if (bodies == 0) return "a message says nothing that is known";
  if (partition >= kPartitions) return "there is no such partition";
  message.head.partition = static_cast<Partition>(partition);
  return nullptr;
}

}  // namespace

Why read(Reader& reader, Numbered& said) {
  Fields fields(reader);
  while (fields.next()) {
    if (fields.is(1, FieldKind::i64)) {
      fields.natural(said.number);
    } else if (fields.is(2, FieldKind::list)) {
      read_list(fields, FieldKind::structure, kMessagesMax,
                [&](std::uint32_t) { return read(fields.reader(), said.messages.emplace_back()); });
    } else {
      fields.skip();
    }
  }
  if (const Why why = fields.end(bits({1, 2}))) return why;
  return said.number == 0 && !said.messages.empty() ? "messages have no number" : nullptr;
}

}  // namespace p2p::diststore::agreed::wire
