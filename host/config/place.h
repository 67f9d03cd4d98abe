// Where does a piece of configuration come from? A file, an argument or the environment; for messages.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::host {

// One text that configuration came from.
struct Source {
  enum class Kind : std::uint8_t { file, environment, argument };
  Kind kind = Kind::file;
  std::string name;    // "etc/store.toml", "P2PHOST_HOST__LISTEN", "--set host.listen=..."
  std::string text;    // of a file: its bytes
  std::string folder;  // what relative paths in it are relative to
};

// Sorted by source, then position. Lines and columns count from 1; 0 in sources that have none, and at a file as a
// whole.
struct Place {
  std::uint32_t source = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t width = 1;  // columns that the piece takes on its line

  friend auto operator<=>(const Place&, const Place&) = default;
};

// All sources of one configuration, in the order of reading, which is also the order of messages.
class Sources {
 public:
  std::uint32_t add(Source source) {
    sources_.push_back(std::move(source));
    return static_cast<std::uint32_t>(sources_.size() - 1);
  }

  const Source& of(const Place& place) const { return sources_.at(place.source); }
  const std::vector<Source>& all() const noexcept { return sources_; }

  // "etc/store.toml:12:3"; without position in sources that have none.
  std::string describe(const Place& place) const;

  // The line of the place and below it a mark under the piece, each with its end of line; "" when there is no such
  // line.
  std::string excerpt(const Place& place) const;

 private:
  std::vector<Source> sources_;
};

}  // namespace p2p::host
