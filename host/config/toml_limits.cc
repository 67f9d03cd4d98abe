#include "config/toml_limits.h"

#include <algorithm>
#include <vector>

namespace p2p::host {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // the parser skips it

class Counter {
 public:
  Counter(std::string_view text, std::size_t values_max) : text_(text), values_max_(values_max) {}

  TomlCounts count() {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (at_ < text_.size() && !is_over()) step();
    TomlCounts counts{values_, std::nullopt};
    if (is_over()) counts.excess = TomlExcess{line_of(at_), column_of(at_), why()};
    return counts;
  }

 private:
  bool is_over() const { return level() > kTomlLevelsMax || values_ > values_max_; }

  // Levels of the current position: of the header, the keys of enclosing values, and its own key.
  std::size_t level() const { return levels_ + names_; }

  std::string why() const {
    if (values_ > values_max_) {
      return "the configuration has more than " + std::to_string(kTomlValuesMax) + " keys, tables and list elements";
    }
    return "nests deeper than " + std::to_string(kTomlLevelsMax) + " levels of keys, tables and lists";
  }

  void step() {
    switch (text_[at_]) {
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case '"':
      case '\'':
        begin_name();
        return skip_string();
      case '\n':
        end_line();
        break;
      case '[':
        open_bracket();
        break;
      case '{':
        open();
        break;
      case ']':
      case '}':
        close();
        break;
      case '.':
        ++names_;
        break;
      case '=':
        ++values_;
        levels_ += names_;
        names_ = 0;
        break;
      case ',':
        end_element();
        break;
      case ' ':
      case '\t':
      case '\r':
        break;
      default:
        begin_name();
        break;
    }
    ++at_;
  }

  void begin_name() {
    if (is_line_begin_) names_ = 1;
    is_line_begin_ = false;
  }

  void end_line() {
    if (!around_.empty()) return;  // within a list, lines mean nothing
    if (is_header_) header_levels_ = levels_ + names_;
    is_header_ = false;
    is_line_begin_ = true;
    levels_ = header_levels_;
    names_ = 0;
  }

  void open_bracket() {
    if (!is_line_begin_) {
      if (!is_header_) open();
      return;  // the second bracket of [[header]]
    }
    is_line_begin_ = false;
    is_header_ = true;
    ++values_;
    levels_ = 0;
    names_ = 1;
  }

  // Its content is a level deeper: an element of a list, or the first name of a key.
  void open() {
    is_line_begin_ = false;
    around_.push_back(level());
    ++values_;
    levels_ = level() + 1;
    names_ = 0;
  }

  void close() {
    if (is_header_ || around_.empty()) return;
    levels_ = around_.back();
    names_ = 0;
    around_.pop_back();
  }

  void end_element() {
    if (around_.empty()) return;
    ++values_;
    levels_ = around_.back() + 1;
    names_ = 0;
  }

  void skip_string() {
    const char quote = text_[at_];
    const bool is_long = text_.substr(at_, 3) == std::string(3, quote);
    at_ += is_long ? 3 : 1;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\' && quote == '"') {
        ++at_;  // the next character ends no string
      } else if (text_[at_] == '\n' && !is_long) {
        return;  // a mistake: the parser goes no further
      } else if (text_[at_] == quote && (!is_long || text_.substr(at_, 3) == std::string(3, quote))) {
        at_ += is_long ? 3 : 1;
        // Up to two quotes may precede the three that end a long string.
        for (int more = 0; is_long && more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;
        return;
      }
    }
    at_ = text_.size();
  }

  std::uint32_t line_of(std::size_t at) const {
    return 1 +
           static_cast<std::uint32_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }

  std::uint32_t column_of(std::size_t at) const {
    const std::string_view before = text_.substr(0, at);
    const std::string_view line = before.substr(before.rfind('\n') + 1);
    const auto letters = std::count_if(line.begin(), line.end(),
                                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
    return static_cast<std::uint32_t>(letters) + 1;
  }

  std::string_view text_;
  const std::size_t values_max_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::size_t header_levels_ = 0;
  std::size_t levels_ = 0;  // above the names that are being read
  std::size_t names_ = 0;   // of the key or header that is being read; dots of a number count, too, and do no harm
  bool is_line_begin_ = true;
  bool is_header_ = false;
  std::vector<std::size_t> around_;  // the level of each open list or inline table
};

}  // namespace

TomlCounts count_toml(std::string_view text, std::size_t values_max) { return Counter(text, values_max).count(); }

}  // namespace p2p::host
