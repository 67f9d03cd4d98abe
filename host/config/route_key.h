// Which field of a method's arguments does a route mean by "1", "1.3", "name" or "item.key"? Part of
// config/check_route.h; pure. Names are those of the IDL that the plugin's file carries.
#pragma once

#include "config/plugin_description.h"
#include "routing/route.h"

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace p2p::host {

// The methods of the services that a plugin serves, and their arguments. The description outlives it.
class PluginMethods {
 public:
  explicit PluginMethods(const PluginDescription* plugin);  // null: the plugin was not found, which was reported

  // False: nothing is known, and everything may be.
  bool are_known() const noexcept { return !methods_.empty(); }
  const IdlMethod* find(std::string_view name) const;
  std::vector<std::string> names() const;                                      // except those that a route cannot list
  const std::vector<IdlField>* fields_of(const std::string& structure) const;  // null: not described
  const PluginDescription* plugin() const noexcept { return plugin_; }

 private:
  void add(std::string service);

  const PluginDescription* plugin_;
  std::map<std::string, const IdlMethod*, std::less<>> methods_;
};

struct NoField {};  // the text is no path of ids and names
struct FieldFault {
  std::string text;  // "names ...": what is wrong with a path; "": the plugin was not found, which was reported
};

// The field that `text` names among the arguments of `method`; null: they are unknown, and ids are accepted unchecked.
std::variant<KeyPath, NoField, FieldFault> find_field(const std::string& text, const IdlMethod* method,
                                                      const PluginMethods& methods);

// Whether Thrift takes it as a name; letters of `also` may follow the first one, too.
bool is_identifier(std::string_view text, std::string_view also = {});

// Ids and nothing else, whatever their values and however many.
bool is_made_of_numbers(std::string_view text);

inline constexpr std::int64_t kFieldIdMax = 32767;

}  // namespace p2p::host
