// From the tree to typed values: unknown keys and values of the wrong type are found here, whatever the table.
#pragma once

#include "config/option.h"
#include "config/problems.h"
#include "config/tree.h"

#include <string>
#include <vector>

namespace p2p::host {

// Nobody lists as many files, folders, services or nodes; and each may be searched for among all others.
inline constexpr std::size_t kListElementsMax = 1'000;

// The value as the option's type, its range checked. The error continues "KEY ": "must be a whole number, not the text
// 'x'".
Result<ConfigScalar> read_value(const Option& option, const Value& value);

// Reports every key of `table` that is not in `known`. `prefix` is the table's path with a final '.', or "" for the
// root. `elsewhere` are full paths, to suggest the right table for a key in the wrong one.
void report_unknown_keys(const Table& table, const std::string& prefix, const std::vector<std::string>& known,
                         const std::vector<std::string>& elsewhere, Problems& problems);

// The entry's table; null when it is no table, which is reported.
const Table* table_of(const Entry& entry, const std::string& prefix, Problems& problems);

// The table under `key`; null when there is none, or when it is no table, which is reported.
const Table* subtable(const Table& table, const std::string& key, const std::string& prefix, Problems& problems);

std::vector<std::string> keys_of(const std::vector<Option>& options);

}  // namespace p2p::host
