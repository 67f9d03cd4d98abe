#include "plugins/idl_descriptor.h"

#include "plugins/descriptor.h"
#include "text/pieces.h"

#include <set>

namespace p2p::host {
namespace {

Error malformed_methods(std::string_view piece) {
  return {ErrorKind::invalid, "its description of methods makes no sense: '" + std::string(piece) + "'"};
}

// The fields from `first` on; false when one is malformed.
bool take_fields(const std::vector<std::string_view>& pieces, std::size_t first, std::vector<IdlField>& fields) {
  for (std::size_t index = first; index < pieces.size(); ++index) {
    const auto parts = split(pieces[index], ":");
    if (parts.size() != 3 || parts[1].empty() || parts[2].empty()) return false;
    const auto id = number_in<decltype(IdlField::id)>(parts[0]);
    if (!id) return false;
    fields.push_back({*id, std::string(parts[1]), std::string(parts[2])});
  }
  return true;
}

// `ambiguous`: names that structs of several files share; it is unknown which of them a field means.
bool take_struct(const std::vector<std::string_view>& pieces, IdlDescription& idl, std::set<std::string>& ambiguous) {
  if (pieces[0].empty()) return false;
  std::vector<IdlField> fields;
  if (!take_fields(pieces, 1, fields)) return false;
  const auto [known, is_new] = idl.structs.try_emplace(std::string(pieces[0]), fields);
  if (!is_new && known->second != fields) ambiguous.insert(known->first);
  return true;
}

bool take_piece(std::string_view key, std::string_view value, IdlDescription& idl, std::set<std::string>& ambiguous) {
  const auto pieces = split(value, "|");
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
  for (const std::string_view piece : split(section, {"\0", 1})) {
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
