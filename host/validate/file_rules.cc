#include "plugins/descriptor.h"
#include "plugins/elf_file.h"
#include "plugins/stamp.h"
#include "validate/elf_facts.h"
#include "validate/rules.h"

#include <p2p/abi.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

// Symbols that a report names; a plugin that exports everything exports hundreds.
constexpr std::size_t kNamedSymbolsMax = 3;

std::string first_of(const std::vector<std::string>& symbols) {
  std::vector<std::string> named;
  for (std::size_t index = 0; index < std::min(symbols.size(), kNamedSymbolsMax); ++index)
    named.push_back(demangled(symbols[index]));
  const std::size_t more = symbols.size() - named.size();
  return joined(named, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

// Runs `check` with the file's facts, which the rule `file` has found readable.
template <class Check>
Verdict with_facts(const Subject& subject, Check check) {
  const auto facts = read_elf_facts(subject.path);
  return facts.ok() ? check(facts.value()) : broken(facts.error().text);
}

template <class Check>
Verdict with_description(const Subject& subject, Check check) {
  return with_facts(subject, [&](const ElfFacts& facts) {
    if (!facts.has_descriptor) return broken("it has no readable section " P2P_INFO_SECTION);
    const auto description = parse_descriptor(facts.descriptor);
    return description.ok() ? check(description.value()) : broken(description.error().text);
  });
}

// "text/NUMBER": a change of an interface is a new number, so an id without one cannot change.
bool is_interface_id(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  return slash != std::string::npos && slash > 0 && slash + 1 < id.size() &&
         std::all_of(id.begin() + static_cast<std::ptrdiff_t>(slash) + 1, id.end(),
                     [](unsigned char letter) { return std::isdigit(letter) != 0; });
}

// "module.Service"
bool is_idl_name(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot != std::string::npos && dot > 0 && dot + 1 < name.size() && name.find('.', dot + 1) == std::string::npos;
}

void find_bad_ids(const char* piece, const std::vector<std::string>& ids, std::vector<std::string>& faults) {
  std::set<std::string> known;
  for (const std::string& id : ids) {
    if (!is_interface_id(id)) faults.push_back(fmt::format("{} '{}' is no \"module.IName/1\"", piece, id));
    if (!known.insert(id).second) faults.push_back(fmt::format("{} names '{}' twice", piece, id));
  }
}

std::vector<std::string> find_gaps(const PluginDescription& plugin) {
  std::vector<std::string> faults;
  if (plugin.summary.empty()) faults.emplace_back("it has no P2P_SUMMARY");
  for (const Option& option : plugin.options) {
    if (option.help.empty()) faults.push_back(fmt::format("option '{}' has no help text", option.key));
  }
  find_bad_ids("P2P_PROVIDES", plugin.provides, faults);
  find_bad_ids("P2P_REQUIRES", plugin.required, faults);
  find_bad_ids("P2P_OPTIONAL", plugin.optional, faults);
  for (const std::string& idl : plugin.serves) {
    if (!is_idl_name(idl)) faults.push_back(fmt::format("P2P_SERVES '{}' is no \"module.Service\"", idl));
  }
  return faults;
}

bool is_plugin(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) return false;
  const auto facts = read_elf_facts(path);
  if (!facts.ok()) return false;
  const auto& exports = facts.value().exports;
  return facts.value().has_stamp || std::find(exports.begin(), exports.end(), P2P_ENTRY_SYMBOL) != exports.end();
}

// Where the dynamic linker might find `library` for this plugin, other than among the system's own.
std::vector<fs::path> places_of(const std::string& library, const ElfFacts& facts, const Subject& subject) {
  if (library.find('/') != std::string::npos) return {library};
  std::vector<fs::path> places{subject.path.parent_path() / library};
  for (const std::string& folder : facts.folders) places.push_back(fs::path(folder) / library);
  for (const PluginFile& other : subject.others) places.push_back(other.path.parent_path() / library);
  return places;
}

}  // namespace

Verdict check_file(const Subject& subject, Trial&) {
  const auto elf = ElfFile::open(subject.path);
  return elf.ok() ? holds("a shared library for this machine") : broken(elf.error().text);
}

Verdict check_place(const Subject& subject, Trial&) {
  const auto faults = find_unsafe(subject.path, subject.trust);
  if (!faults.ok()) return broken(faults.error().text);
  if (faults.value().empty()) return holds("nobody but its user and root can replace it");
  if (subject.trust.allow_unsafe) return holds("allowed, though unsafe: " + joined(faults.value()));
  return broken(joined(faults.value()));
}

Verdict check_stamp(const Subject& subject, Trial&) {
  return with_facts(subject, [](const ElfFacts& facts) {
    if (!facts.has_stamp) return broken("it has no readable section " P2P_ABI_SECTION);
    const auto differences = find_differences(facts.stamp, host_stamp());
    if (!differences.empty()) return broken(joined(differences));
    return holds(fmt::format("abi {}, host {}", field_of(facts.stamp, "abi"), field_of(host_stamp(), "abi")));
  });
}

Verdict check_descriptor(const Subject& subject, Trial&) {
  return with_description(subject, [](const PluginDescription& plugin) {
    const auto gaps = find_gaps(plugin);
    if (!gaps.empty()) return broken(joined(gaps));
    return holds(fmt::format("{} {}, {} option{}", plugin.name, plugin.version, plugin.options.size(),
                             plugin.options.size() == 1 ? "" : "s"));
  });
}

Verdict check_name(const Subject& subject, Trial&) {
  return with_description(subject, [&](const PluginDescription& plugin) {
    if (plugin.name == subject.file_name) return holds(plugin.name + ".so");
    return broken(fmt::format("the descriptor says '{}', the file is {}.so", plugin.name, subject.file_name));
  });
}

Verdict check_exports(const Subject& subject, Trial&) {
  return with_facts(subject, [](const ElfFacts& facts) {
    std::vector<std::string> others = facts.exports;
    const bool has_entry = std::erase(others, P2P_ENTRY_SYMBOL) > 0;
    // AddressSanitizer's own, one for each symbol of ours.
    std::erase_if(others, [](const std::string& symbol) { return symbol.starts_with("__odr_asan"); });
    if (has_entry && others.empty()) return holds(P2P_ENTRY_SYMBOL);
    const std::string missing = has_entry ? "" : "no " P2P_ENTRY_SYMBOL " of its own";
    if (others.empty()) return broken(missing);
    return broken(missing + (has_entry ? "" : ", but ") +
                  fmt::format("{} other symbol{}: {}", others.size(), others.size() == 1 ? "" : "s", first_of(others)));
  });
}

Verdict check_unique(const Subject& subject, Trial&) {
  return with_facts(subject, [](const ElfFacts& facts) {
    if (facts.unique.empty()) return holds("none");
    return broken(fmt::format("{} symbol{}: {}", facts.unique.size(), facts.unique.size() == 1 ? "" : "s",
                              first_of(facts.unique)));
  });
}

Verdict check_needed(const Subject& subject, Trial&) {
  return with_facts(subject, [&](const ElfFacts& facts) {
    std::vector<std::string> plugins;
    for (const std::string& library : facts.needed) {
      const auto places = places_of(library, facts, subject);
      if (std::any_of(places.begin(), places.end(), is_plugin)) plugins.push_back(library);
    }
    if (!plugins.empty()) return broken("it is linked with the plugin " + joined(plugins, ", "));
    return holds(fmt::format("{} libraries, none of them a plugin", facts.needed.size()));
  });
}

}  // namespace p2p::host
