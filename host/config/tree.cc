#include "config/tree.h"

#include "text/pieces.h"

#include <algorithm>
#include <utility>

namespace p2p::host {
namespace {

// The entry at `path`, created if it is missing.
Entry& make_at(Table& root, const std::vector<std::string>& path, const Place& place) {
  Table* table = &root;
  for (std::size_t depth = 0;; ++depth) {
    Entry* entry = table->find(path[depth]);
    if (entry == nullptr) {
      table->entries.push_back({path[depth], place, Value{place, Table{}}});
      entry = &table->entries.back();
    }
    if (depth + 1 == path.size()) return *entry;
    if (entry->value.table() == nullptr) *entry = {path[depth], place, Value{place, Table{}}};
    table = &std::get<Table>(entry->value.data);
  }
}

}  // namespace

const Entry* Table::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [key](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

Entry* Table::find(std::string_view key) { return const_cast<Entry*>(std::as_const(*this).find(key)); }

GrowingTable::GrowingTable(Table& table, std::size_t more) : table_(table) {
  table_.entries.reserve(table_.entries.size() + more);
  index_.reserve(table_.entries.capacity());
  for (const Entry& entry : table_.entries) index_.emplace(entry.key, index_.size());
}

Entry* GrowingTable::find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &table_.entries[found->second];
}

void GrowingTable::add(const Entry& entry) {
  table_.entries.push_back(entry);
  index_.emplace(table_.entries.back().key, table_.entries.size() - 1);
}

std::string kind_of(const Value& value) {
  if (const auto* unsupported = std::get_if<Unsupported>(&value.data)) return unsupported->what;
  // In the order of the variant.
  constexpr const char* kKinds[] = {"true or false", "a whole number", "a number", "text",
                                    "a list",        "text",           "",         "a table"};
  static_assert(std::size(kKinds) == std::variant_size_v<decltype(value.data)>);
  return kKinds[value.data.index()];
}

void lay_over(Table& under, const Table& over) {
  GrowingTable grown(under, over.entries.size());
  for (const Entry& entry : over.entries) {
    Entry* known = grown.find(entry.key);
    if (known == nullptr) {
      grown.add(entry);
    } else if (known->value.table() != nullptr && entry.value.table() != nullptr) {
      lay_over(std::get<Table>(known->value.data), *entry.value.table());
    } else {
      known->place = entry.place;
      known->value = entry.value;
    }
  }
}

void set_at(Table& root, const std::vector<std::string>& path, Value value) {
  const Place place = value.place;
  Entry& entry = make_at(root, path, place);
  entry.place = place;
  entry.value = std::move(value);
}

void append_at(Table& root, const std::vector<std::string>& path, Value value) {
  const Place place = value.place;
  const bool is_new = find_at(root, path) == nullptr;
  Entry& entry = make_at(root, path, place);
  if (is_new) entry.value.data = std::vector<Value>{};
  if (!std::holds_alternative<std::vector<Value>>(entry.value.data)) {
    entry.value = Value{entry.value.place, std::vector<Value>{entry.value}};
  }
  std::get<std::vector<Value>>(entry.value.data).push_back(std::move(value));
}

const Entry* find_at(const Table& root, const std::vector<std::string>& path) {
  const Table* table = &root;
  const Entry* entry = nullptr;
  for (const std::string& key : path) {
    entry = table == nullptr ? nullptr : table->find(key);
    if (entry == nullptr) return nullptr;
    table = entry->value.table();
  }
  return entry;
}

std::vector<std::string> keys_in(const Table& root, std::string_view key) {
  const Entry* entry = root.find(key);
  const Table* table = entry == nullptr ? nullptr : entry->value.table();
  std::vector<std::string> keys;
  if (table == nullptr) return keys;
  for (const Entry& below : table->entries) keys.push_back(below.key);
  return keys;
}

std::vector<std::string> split_path(std::string_view path) {
  const auto keys = split(path, ".");
  return {keys.begin(), keys.end()};
}

}  // namespace p2p::host
