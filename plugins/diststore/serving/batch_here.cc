#include "serving/batch_here.h"

#include "serving/batch_verbs.h"
#include "serving/message_pieces.h"
#include "serving/refusals.h"
#include "serving/wall_clock.h"
#include "serving/wire_version.h"

#include <p2p/binary_writer.h>
#include <p2p/field_reader.h>
#include <p2p/handlers.h>

#include <string>
#include <string_view>
#include <type_traits>

namespace p2p::diststore {
namespace {

using namespace apache::thrift::protocol;  // NOLINT: TType and TMessageType
using Reader = FieldReader<Encoding::binary>;

struct ItemView {
  std::string_view key;
  std::string_view value;
};

constexpr std::int16_t kEntriesField = 1;  // of the arguments of either method

bool read_entry(Reader& reader, std::string_view& key) { return reader.text(key); }

// Both fields are required.
bool read_entry(Reader& reader, ItemView& item) {
  Reader inner = reader.nested();
  FieldHead field;
  bool has_key = false;
  bool has_value = false;
  while (inner.next(field)) {
    if (field.kind == FieldKind::text && field.id == 1) {
      has_key = inner.text(item.key);
    } else if (field.kind == FieldKind::text && field.id == 2) {
      has_value = inner.text(item.value);
    } else {
      inner.skip(field.kind);
    }
  }
  return reader.resume_behind(inner) && has_key && has_value;
}

// False: options are set. The generated code knows them, and refuses what does not go with a batch.
bool skip_if_empty(Reader& reader, FieldKind kind) {
  if (kind != FieldKind::structure) {
    reader.skip(kind);
    return true;
  }
  Reader inner = reader.nested();
  FieldHead field;
  return !inner.next(field) && reader.resume_behind(inner);
}

// The elements of the only list in the arguments; false if the arguments are anything else.
template <class Entry>
bool read_entries(std::string_view arguments, FieldKind kind, std::size_t count_max, std::vector<Entry>& entries) {
  Reader reader(arguments);
  FieldHead field;
  bool is_there = false;
  while (reader.next(field)) {
    if (field.id != kEntriesField || field.kind != FieldKind::list) {
      if (!skip_if_empty(reader, field.kind)) return false;
      continue;
    }
    ContainerHead list;
    if (is_there || !reader.container(field.kind, list)) return false;
    is_there = true;
    if (list.count == 0) continue;
    if (list.element != kind || list.count > count_max) return false;
    entries.resize(list.count);
    for (Entry& entry : entries) {
      if (!read_entry(reader, entry)) return false;
    }
  }
  return is_there && reader.at_end();
}

std::string_view key_of(std::string_view key) { return key; }
std::string_view key_of(const ItemView& item) { return item.key; }

// The entries of a call, none of which is refused; none if the generated code has to take them.
template <class Entry>
std::optional<std::vector<Entry>> entries_of(const Store& store, Call& call, FieldKind kind) {
  CallState& state = *call.state();
  if (state.info().encoding != Encoding::binary) return std::nullopt;
  std::vector<Entry> entries;
  if (!read_entries(state.codec().in().rest(), kind, store.options.batch_keys_max, entries)) return std::nullopt;
  for (const Entry& entry : entries) {
    if constexpr (std::is_same_v<Entry, ItemView>) {
      if (refusal_of_entry(store.options, entry.key, entry.value)) return std::nullopt;
    } else {
      if (refusal_of_key(store.options, entry)) return std::nullopt;
    }
  }
  return entries;
}

// One for each entry; none unless all of them are served here.
template <class Entry>
std::optional<std::vector<KeyRoute>> routes_of(const Store& store, const std::vector<Entry>& entries) {
  std::vector<KeyRoute> routes;
  routes.reserve(entries.size());
  for (const Entry& entry : entries) {
    routes.push_back(store.routing->route(key_of(entry)));
    if (routes.back().where != KeyRoute::Where::here) return std::nullopt;
  }
  return routes;
}

// The reply up to the first result.
void append_head(CallState& state, std::size_t results) {
  BinaryPiece<64> head;
  head.message(T_REPLY, state.info().method, state.info().sequence);
  head.field(T_LIST, 0);
  head.byte(T_STRUCT);
  head.length(results);
  state.codec().out().block().append(head.written());
}

void append_found(std::string& out, std::string_view value, Version version, std::int64_t view,
                  std::int64_t ttl_left_ms) {
  BinaryPiece<16> head;
  head.field(T_BOOL, 1);
  head.boolean(true);
  head.field(T_STRING, 2);
  head.length(value.size());
  BinaryPiece<64> tail;
  append_version(tail, 3, version);
  append_unless_0(tail, 5, ttl_left_ms);
  append_view(tail, 4, view);
  out.append(head.written()).append(value).append(tail.written());
}

void append_missing(std::string& out, std::int64_t view) {
  BinaryPiece<32> result;
  result.field(T_BOOL, 1);
  result.boolean(false);
  append_view(result, 4, view);
  out.append(result.written());
}

void append_stored(std::string& out, Version version, std::int64_t view) {
  BinaryPiece<64> result;
  append_version(result, 1, version);
  append_view(result, 2, view);
  out.append(result.written());
}

struct Written {
  Version version;
  std::int64_t view = 0;
};

// For the generated code.
std::vector<wire::WriteResult> results_of(const std::vector<Written>& written) {
  std::vector<wire::WriteResult> results(written.size());
  for (std::size_t at = 0; at < results.size(); ++at) {
    results[at].__set_version(to_wire(written[at].version));
    results[at].__set_view(written[at].view);
  }
  return results;
}

}  // namespace

bool read_many_here(const Store& store, Call& call) {
  const auto keys = entries_of<std::string_view>(store, call, FieldKind::text);
  if (!keys) return false;
  const auto routes = routes_of(store, *keys);
  if (!routes) return false;
  std::string& out = call.state()->codec().out().block();
  const std::size_t begin = out.size();
  out.reserve(begin + keys->size() * kBatchEntryBytesMax);
  append_head(*call.state(), keys->size());
  std::size_t reply_bytes = keys->size() * kBatchEntryBytesMax;
  for (std::size_t at = 0; at < keys->size(); ++at) {
    const KeyRoute& route = (*routes)[at];
    const auto read =
        store.keys->read_now((*keys)[at], route, [&](std::string_view value, Version version, std::int64_t ttl_left) {
          reply_bytes += value.size();
          append_found(out, value, version, route.view, ttl_left);
        });
    if (read.ok() && read.value() == KeysHere::Now::missing) append_missing(out, route.view);
    const bool was_done = read.ok() && read.value() != KeysHere::Now::later;
    const bool is_too_large = reply_bytes > store.options.batch_reply_bytes_max && keys->size() > 1;
    if (was_done && !is_too_large) continue;
    out.resize(begin);
    if (!is_too_large) return false;
    Answer<wire::Store_read_many_presult> answer(std::move(call));
    refuse_as_too_large(answer, store.options);
    return true;
  }
  out.push_back(T_STOP);
  call.take()->finish();
  return true;
}

std::optional<std::vector<wire::WriteResult>> write_many_here(const Store& store, Call& call) {
  if (!store.keys->writes_now()) return std::vector<wire::WriteResult>();
  const auto items = entries_of<ItemView>(store, call, FieldKind::structure);
  if (!items) return std::vector<wire::WriteResult>();
  const auto routes = routes_of(store, *items);
  if (!routes) return std::vector<wire::WriteResult>();
  const std::uint64_t now_ms = wall_clock_ms();
  std::vector<Written> written;
  written.reserve(items->size());
  for (std::size_t at = 0; at < items->size(); ++at) {
    const ItemView& item = (*items)[at];
    const KeyRoute& route = (*routes)[at];
    const auto version = store.keys->write_now(item.key, item.value, route, now_ms);
    // The rounds decide about the rest, and report a failure of the engine.
    if (!version.ok() && may_have_run(version.error().kind)) call.note_unknown_outcome();
    if (!version.ok() || !version.value()) return results_of(written);
    written.push_back({*version.value(), route.view});
  }
  std::string& out = call.state()->codec().out().block();
  append_head(*call.state(), written.size());
  for (const Written& one : written) append_stored(out, one.version, one.view);
  out.push_back(T_STOP);
  call.take()->finish();
  return std::nullopt;
}

}  // namespace p2p::diststore
