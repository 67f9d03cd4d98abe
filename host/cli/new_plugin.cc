#include "cli/new_plugin.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

// The templates are a plugin of this name, which is replaced.
constexpr const char* kTemplateName = "greeter";
constexpr const char* kTemplateService = "Greeter";

constexpr const char* kPlainTemplate = "plain";
// Those of what a plugin may build on; a template each.
constexpr const char* kBases[] = {"locator", "store"};

// A longer name makes file names that some file systems refuse.
constexpr std::size_t kNameLengthMax = 64;

struct Taken {
  const char* name;
  const char* by;
};
constexpr Taken kTaken[] = {
    {"locator", "a plugin of p2phost"},  {"diststore", "a plugin of p2phost"}, {"base", "an interface of the SDK"},
    {"all", "a target of CMake"},        {"clean", "a target of CMake"},       {"help", "a target of CMake"},
    {"install", "a target of CMake"},    {"package", "a target of CMake"},     {"test", "a target of CMake"},
    {"preinstall", "a target of CMake"}, {"none", "a word of Python"},         {"false", "a word of Python"},
    {"true", "a word of Python"},
};

bool is_lower(char letter) { return letter >= 'a' && letter <= 'z'; }
bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// A refusal on its way out of make_plugin().
struct Refusal {
  ExitCode code;
  std::string why;
};
using MaybeRefusal = std::optional<Refusal>;

MaybeRefusal refuse(ExitCode code, std::string why) { return Refusal{code, std::move(why)}; }

MaybeRefusal check_request(const NewPlugin& wanted) {
  if (const std::string why = why_bad_name(wanted.name); !why.empty()) return refuse(ExitCode::usage, why);
  for (const std::string& need : wanted.needs) {
    if (std::ranges::none_of(kBases, [&](const char* base) { return need == base; }))
      return refuse(ExitCode::usage, "--requires '" + need + "': there are templates for 'locator' and 'store' only");
    if (need != wanted.needs.front())
      return refuse(ExitCode::usage, "--requires: there is no template for 'locator' and 'store' together");
  }
  std::error_code failure;
  if (!fs::is_directory(wanted.templates / kPlainTemplate, failure)) {
    return refuse(ExitCode::system,
                  "no templates in " + wanted.templates.string() +
                      "; the files for development are not installed (on Debian: apt-get install p2phost-dev)");
  }
  if (!fs::is_directory(wanted.folder, failure)) {
    return refuse(ExitCode::cannot_create,
                  "there is no folder " + wanted.folder.string() + "; make it, or name another with --dir");
  }
  return std::nullopt;
}

// File name -> template, a special kind's before the plain one's.
std::map<std::string, fs::path> templates_of(const NewPlugin& wanted) {
  std::map<std::string, fs::path> files;
  std::vector<std::string> kinds;
  if (!wanted.needs.empty()) kinds.push_back(wanted.needs.front());
  kinds.emplace_back(kPlainTemplate);
  for (const std::string& kind : kinds) {
    for (const fs::directory_entry& entry : fs::directory_iterator(wanted.templates / kind)) {
      if (entry.is_regular_file()) files.emplace(entry.path().filename().string(), entry.path());
    }
  }
  return files;
}

MaybeRefusal write_file(const fs::path& source, const fs::path& target,
                        const std::map<std::string, std::string>& values) {
  std::ifstream in(source, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return refuse(ExitCode::system, "the template " + source.string() + " cannot be read");
  std::ofstream out(target, std::ios::binary);
  out << fill_in(text.str(), values);
  out.close();
  if (!out) return refuse(ExitCode::cannot_create, target.string() + " cannot be written");
  return std::nullopt;
}

MaybeRefusal fill_folder(const NewPlugin& wanted, const fs::path& folder) {
  // find_package requires only this SDK's minor version: any patch release will do.
  const std::string minor_version = wanted.version.substr(0, wanted.version.rfind('.'));
  const std::map<std::string, std::string> values = {
      {kTemplateName, wanted.name}, {kTemplateService, service_of(wanted.name)}, {"@P2PHOST_VERSION@", minor_version}};
  for (const auto& [name, source] : templates_of(wanted)) {
    if (auto refusal = write_file(source, folder / fill_in(name, values), values)) return refusal;
  }
  return std::nullopt;
}

MaybeRefusal make_folder(const NewPlugin& wanted, const fs::path& folder) {
  if (auto refusal = check_request(wanted)) return refusal;
  std::error_code failure;
  const bool is_new = fs::create_directory(folder, failure);
  if (failure) return refuse(ExitCode::cannot_create, folder.string() + " cannot be made: " + failure.message());
  if (!is_new) {
    return refuse(ExitCode::cannot_create,
                  folder.string() + " exists already; remove it, or choose another name, or another --dir");
  }
  auto refusal = fill_folder(wanted, folder);
  if (refusal) fs::remove_all(folder, failure);
  return refusal;
}

}  // namespace

std::string why_bad_name(std::string_view name) {
  const bool is_word = !name.empty() && is_lower(name.front()) &&
                       std::all_of(name.begin(), name.end(),
                                   [](char letter) { return is_lower(letter) || is_digit(letter) || letter == '_'; });
  const std::string quoted = "'" + std::string(name) + "'";
  if (!is_word) {
    return "no plugin can be called " + quoted +
           ": a name begins with a small letter, and small letters, digits and _ follow";
  }
  if (name.size() > kNameLengthMax) {
    return "the name " + quoted + " is too long: " + std::to_string(kNameLengthMax) + " letters are allowed";
  }
  for (const Taken& taken : kTaken) {
    if (name == taken.name) return "the name " + quoted + " is taken: it is " + taken.by + "; choose another";
  }
  return "";
}

std::string service_of(std::string_view plugin_name) {
  std::string service;
  bool is_start = true;
  for (const char letter : plugin_name) {
    if (letter == '_') {
      is_start = true;
      continue;
    }
    service += is_start && is_lower(letter) ? static_cast<char>(letter - 'a' + 'A') : letter;
    is_start = false;
  }
  return service;
}

std::string fill_in(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string filled;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&](const auto& value) { return text.substr(at).starts_with(value.first); });
    if (found == values.end()) {
      filled += text[at++];
    } else {
      filled += found->second;
      at += found->first.size();
    }
  }
  return filled;
}

ExitCode make_plugin(const NewPlugin& wanted, std::ostream& out, std::ostream& err) {
  const fs::path folder = wanted.folder / wanted.name;
  if (const auto refusal = make_folder(wanted, folder)) {
    err << "p2phost: " << refusal->why << '\n';
    return refusal->code;
  }
  const std::string shown = folder.lexically_normal().string();
  out << "made " << shown << "; to build, test and run it:\n\n"
      << "  cd " << shown << "\n"
      << "  cmake -B build -Dp2phost_DIR=\"$(p2phost --cmakedir)\" && cmake --build build\n"
      << "  ctest --test-dir build --output-on-failure\n"
      << "  p2phost --config " << wanted.name << ".toml --plugin-dir build\n";
  return ExitCode::done;
}

}  // namespace p2p::host
