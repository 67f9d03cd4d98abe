// How do lists look on a terminal?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::ctl {

// Lines of columns that are as wide as their widest text, the last one aside. All rows have as many as the first.
std::vector<std::string> table_lines(const std::vector<std::vector<std::string>>& rows);

// "12 s", "5 min 3 s"; of a negative age as of none.
std::string age_text(std::int64_t milliseconds);

// "0, 3, 17-20", of ascending numbers.
std::string ranges_text(const std::vector<std::int32_t>& numbers);

}  // namespace p2p::ctl
