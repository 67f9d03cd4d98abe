#include "plugins/idl_descriptor.h"

#include "plugins/descriptor.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace p2p::host {
namespace {

Error malformed_methods(std::string_view piece) {
  return {ErrorKind::invalid, "its description of methods makes no sense: '" + std::string(piece) + "'"};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    pieces.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return pieces;
}

// The fields from `first` on; false when one is malformed.
bool take_fields(const std::vector<std::string_view>& pieces, std::size_t first, std::vector<IdlField>& fields) {
  for (std::size_t index = first; index < pieces.size(); ++index) {
    const auto parts = split(pieces[index], ':');
    if (parts.size() != 3 || parts[1].empty() || parts[2].empty()) return false;
    IdlField field{0, std::string(parts[1]), std::string(parts[2])};
    const char* const end = parts[0].data() + parts[0].size();
    if (const auto read = std::from_chars(parts[0].data(), end, field.id); read.ptr != end || read.ec != std::errc())
      return false;
    fields.push_back(std::move(field));
  }
  return true;
}

bool are_equal(const std::vector<IdlField>& one, const std::vector<IdlField>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const IdlField& left, const IdlField& right) {
                      return left.id == right.id && left.name == right.name && left.type == right.type;
                    });
}

// `ambiguous`: names that structs of several files share; it is unknown which of them a field means.
bool take_struct(const std::vector<std::string_view>& pieces, IdlDescription& idl, std::set<std::string>& ambiguous) {
  if (pieces[0].empty()) return false;
  std::vector<IdlField> fields;
  if (!take_fields(pieces, 1, fields)) return false;
  const auto [known, is_new] = idl.structs.try_emplace(std::string(pieces[0]), fields);
  if (!is_new && !are_equal(known->second, fields)) ambiguous.insert(known->first);
  return true;
}

bool take_piece(std::string_view key, std::string_view value, IdlDescription& idl, std::set<std::string>& ambiguous) {
  const auto pieces = split(value, '|');
  if (key == "service") {
    if (pieces.size() != 2 || pieces[0].empty()) return false;
    idl.services[std::string(pieces[0])].extends = pieces[1];
  } else if (key == "method") {
    if (pieces.size() < 2 || pieces[0].empty() || pieces[1].empty()) return false;
    IdlMethod method{std::string(pieces[1]), {}};
    if (!take_fields(pieces, 2, method.arguments)) return false;
    idl.services[std::string(pieces[0])].methods.push_back(std::move(method));
  } else if (key == "struct") {
    return take_struct(pieces, idl, ambiguous);
  }
  return true;
}

}  // namespace

Result<IdlDescription> parse_idl_descriptor(std::string_view section) {
  IdlDescription idl;
  std::set<std::string> ambiguous;
  while (!section.empty()) {
    const std::size_t end = std::min(section.find('\0'), section.size());
    const std::string_view piece = section.substr(0, end);
    section.remove_prefix(std::min(end + 1, section.size()));
    if (piece.empty()) continue;
    if (has_control_characters(piece)) return malformed_methods("control characters");
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return malformed_methods(piece);
    if (!take_piece(piece.substr(0, equals), piece.substr(equals + 1), idl, ambiguous)) return malformed_methods(piece);
  }
  for (const std::string& name : ambiguous) idl.structs.erase(name);
  return idl;
}

}  // namespace p2p::host
