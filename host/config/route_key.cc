#include "config/route_key.h"

#include "config/suggestion.h"
#include "config/tree.h"
#include "text/pieces.h"

#include <algorithm>
#include <optional>

namespace p2p::host {
namespace {

// Services that extend each other; no IDL compiler writes a longer chain.
constexpr std::size_t kExtendsMax = 32;

std::optional<std::int16_t> field_id(std::string_view text) {
  const auto id = number_in<std::int16_t>(text);
  return id && *id >= 1 && *id <= kFieldIdMax ? id : std::nullopt;
}

// Stop for one that cannot be a key.
FieldKind kind_of_type(std::string_view type) {
  static const std::map<std::string_view, FieldKind> kinds = {
      {"string", FieldKind::text}, {"binary", FieldKind::text}, {"i8", FieldKind::byte}, {"byte", FieldKind::byte},
      {"i16", FieldKind::i16},     {"i32", FieldKind::i32},     {"i64", FieldKind::i64}};
  const auto found = kinds.find(type);
  return found == kinds.end() ? FieldKind::stop : found->second;
}

std::string choice_of(const std::vector<IdlField>& fields) {
  std::string text;
  for (const IdlField& field : fields) {
    text += (text.empty() ? "there are " : ", ") + std::to_string(field.id) + " (" + field.name + ")";
  }
  return text.empty() ? "there are no fields" : text;
}

// A walk along the path, from the arguments inwards.
class Walk {
 public:
  Walk(const std::vector<IdlField>* fields, const PluginMethods& methods) : fields_(fields), methods_(methods) {}

  // "": go on, or it is done.
  std::string step(const std::string& piece, bool is_last) {
    written_ += (written_.empty() ? "" : ".") + piece;
    const auto id = field_id(piece);
    if (fields_ == nullptr) return id ? take(*id) : not_described(piece);
    const auto field = std::find_if(fields_->begin(), fields_->end(),
                                    [&](const IdlField& one) { return id ? one.id == *id : one.name == piece; });
    if (field == fields_->end()) return not_there(piece, id.has_value());
    take(field->id);
    return enter(*field, is_last);
  }

  const KeyPath& key() const noexcept { return key_; }

 private:
  std::string take(std::int16_t id) {
    key_.ids[key_.depth++] = id;
    return "";
  }

  std::string not_there(const std::string& piece, bool is_id) const {
    std::vector<std::string> names;
    for (const IdlField& field : *fields_) names.push_back(field.name);
    const std::string meant = is_id ? "" : did_you_mean(piece, names);
    return shown() + ", which is not there" + (meant.empty() ? "; " + choice_of(*fields_) : meant);
  }

  std::string not_described(const std::string& piece) const {
    const PluginDescription* plugin = methods_.plugin();
    if (plugin == nullptr) return "";
    if (!structure_.empty()) {
      return shown() + ", but the file of plugin '" + plugin->name + "' does not describe '" + structure_ +
             "'; write the id of '" + piece + "' in it";
    }
    return shown() + ", but the file of plugin '" + plugin->name +
           "' does not tell its methods' fields, as it was built without p2p_add_plugin(... IDL FILE.thrift); write "
           "the "
           "field's id instead, as 1";
  }

  std::string enter(const IdlField& field, bool is_last) {
    const auto slash = field.type.find('/');
    const bool is_struct = slash != std::string::npos;
    if (is_last && !is_struct && kind_of_type(field.type) != FieldKind::stop) {
      key_.kind = kind_of_type(field.type);
      return "";
    }
    const std::string type = field.type.substr(is_struct ? slash + 1 : 0);
    const auto* inner = is_struct ? methods_.fields_of(type) : nullptr;
    if (!is_last && is_struct) {
      structure_ = type;
      fields_ = inner;
      return "";
    }
    const std::string what = "names field " + written_ + ", '" + field.name + "', which is of type " + type;
    if (!is_last) return what + " and holds no further fields";
    return what + ": a key is a string, a binary or an integer" +
           (inner == nullptr ? "" : "; in it " + choice_of(*inner));
  }

  std::string shown() const {
    return is_made_of_numbers(written_) ? "names field " + written_ : "names the field '" + written_ + "'";
  }

  const std::vector<IdlField>* fields_;  // null: not described
  const PluginMethods& methods_;
  std::string structure_;  // that they are the fields of; "": the arguments
  std::string written_;
  KeyPath key_;
};

}  // namespace

PluginMethods::PluginMethods(const PluginDescription* plugin) : plugin_(plugin) {
  if (plugin == nullptr) return;
  for (const std::string& served : plugin->serves) add(served.substr(served.rfind('.') + 1));
}

void PluginMethods::add(std::string service) {
  for (std::size_t depth = 0; depth < kExtendsMax && !service.empty(); ++depth) {
    const auto found = plugin_->idl.services.find(service);
    if (found == plugin_->idl.services.end()) return;
    for (const IdlMethod& method : found->second.methods) methods_.emplace(method.name, &method);
    service = found->second.extends;
  }
}

const IdlMethod* PluginMethods::find(std::string_view name) const {
  const auto found = methods_.find(name);
  return found == methods_.end() ? nullptr : found->second;
}

std::vector<std::string> PluginMethods::names() const {
  std::vector<std::string> all;
  for (const auto& [name, method] : methods_) {
    if (!is_base_method(name)) all.push_back(name);
  }
  return all;
}

const std::vector<IdlField>* PluginMethods::fields_of(const std::string& structure) const {
  const auto found = plugin_->idl.structs.find(structure);
  return found == plugin_->idl.structs.end() ? nullptr : &found->second;
}

bool is_identifier(std::string_view text, std::string_view also) {
  const auto is_letter = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
  };
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char letter) {
    return is_letter(letter) || (letter >= '0' && letter <= '9') || also.find(letter) != std::string_view::npos;
  });
}

bool is_made_of_numbers(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char letter) { return letter == '.' || (letter >= '0' && letter <= '9'); });
}

std::variant<KeyPath, NoField, FieldFault> find_field(const std::string& text, const IdlMethod* method,
                                                      const PluginMethods& methods) {
  const std::vector<std::string> pieces = split_path(text);
  if (pieces.size() > KeyPath::kDepthMax) {
    return FieldFault{"names a field within " + std::to_string(pieces.size() - 1) + " structs, '" + text +
                      "'; a path has at most " + std::to_string(KeyPath::kDepthMax) + " ids"};
  }
  const auto is_piece = [](const std::string& piece) { return field_id(piece) || is_identifier(piece); };
  if (!std::all_of(pieces.begin(), pieces.end(), is_piece)) return NoField{};
  Walk walk(method == nullptr ? nullptr : &method->arguments, methods);
  for (std::size_t at = 0; at < pieces.size(); ++at) {
    const std::size_t depth = walk.key().depth;
    const std::string fault = walk.step(pieces[at], at + 1 == pieces.size());
    if (!fault.empty() || walk.key().depth == depth) return FieldFault{fault};
  }
  return walk.key();
}

}  // namespace p2p::host
