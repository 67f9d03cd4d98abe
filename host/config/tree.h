// What do the configuration's texts say, before any check of their meaning? Tables of keys and values, each with its
// place. Trees of several texts are laid over each other in the order of precedence.
#pragma once

#include "config/place.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace p2p::host {

struct Value;
struct Entry;

struct Table {
  std::vector<Entry> entries;  // in the order of the text; keys are unique

  const Entry* find(std::string_view key) const;
  Entry* find(std::string_view key);
};

// Text from an argument or the environment: the type of its key decides how it is read.
struct Untyped {
  std::string text;
};

// A kind of value that no key takes: "a date".
struct Unsupported {
  std::string what;
};

struct Value {
  Place place;
  std::variant<bool, std::int64_t, double, std::string, std::vector<Value>, Untyped, Unsupported, Table> data;

  const Table* table() const { return std::get_if<Table>(&data); }
};

struct Entry {
  std::string key;
  Place place;  // of the key
  Value value;
};

// Adds up to `more` entries to a table, with key lookup in constant time. Nothing else may change the table while this
// lives.
class GrowingTable final {
 public:
  GrowingTable(Table& table, std::size_t more);

  Entry* find(std::string_view key) const;
  void add(const Entry& entry);  // its key is new

 private:
  Table& table_;
  std::unordered_map<std::string_view, std::size_t> index_;  // views of the entries' own texts, which do not move
};

// "text", "a whole number", "a table": for "must be ..., not a table".
std::string kind_of(const Value& value);

// Sets what `over` says: tables are merged key by key, everything else is replaced. A key that only `under` has stays
// where it is; new ones follow.
void lay_over(Table& under, const Table& over);

// Sets the value at `path`, making tables on the way; anything else on the way is replaced.
void set_at(Table& root, const std::vector<std::string>& path, Value value);

// Adds to the list at `path`; a single value there becomes the first of the list.
void append_at(Table& root, const std::vector<std::string>& path, Value value);

// The entry at `path`, or null.
const Entry* find_at(const Table& root, const std::vector<std::string>& path);

// The keys of the table `key` of the root; none if it is not there, or no table.
std::vector<std::string> keys_in(const Table& root, std::string_view key);

// "services.store.config" as its keys.
std::vector<std::string> split_path(std::string_view path);

}  // namespace p2p::host
