#include "config/read_configuration.h"

#include "config/layers.h"
#include "config/reading.h"
#include "config/toml_limits.h"
#include "config/toml_text.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

namespace p2p::host {
namespace {

// Nobody could follow deeper includes.
constexpr std::size_t kIncludeDepthMax = 8;

// Names and patterns, and the files that these match: one for each service of the largest node that anybody runs, many
// times over.
constexpr std::size_t kFilesMax = 1000;

class FilesReader {
 public:
  FilesReader(Sources& sources, Problems& problems) : sources_(sources), problems_(problems) {}

  // `asked_at`: where the file is included; none for the main file.
  Table read(const std::string& path, const std::optional<Place>& asked_at, ConfigRole role) {
    std::string folder = std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    const auto text = read_config_file(path, role, bytes_left_);
    const std::uint32_t source = sources_.add({Source::Kind::file, path, text.ok() ? text.value() : "", folder});
    read_at_.emplace(path, asked_at.value_or(Place{source, 0, 0, 1}));
    if (!text.ok()) {
      problems_.add(ProblemKind::unreadable, read_at_.at(path),
                    (asked_at ? "'" + path + "' cannot be read: " : "cannot be read: ") + text.error().text);
      return {};
    }
    bytes_left_ -= text.value().size();
    Table table = parse_toml(text.value(), source, problems_, values_left_);
    open_files_.push_back(path);
    add_includes(table, folder);
    open_files_.pop_back();
    return table;
  }

 private:
  void add_includes(Table& table, const std::string& folder) {
    const Entry* found = table.find("include");
    if (found == nullptr) return;
    const Value list = found->value;
    const bool is_main = open_files_.size() == 1;  // what it says is shown
    if (!is_main) std::erase_if(table.entries, [](const Entry& entry) { return entry.key == "include"; });
    const auto patterns = read_value({"include", OptionType::list, "", "", ""}, list);
    if (!patterns.ok()) return problems_.error(list.place, "include " + patterns.error().text);

    std::vector<Table> included;
    for (const std::string& pattern : std::get<std::vector<std::string>>(patterns.value())) {
      if (!may_go_on(list.place)) break;
      for (const std::string& path : expand((std::filesystem::path(folder) / pattern).lexically_normal().string())) {
        if (!may_go_on(list.place)) break;
        if (may_read(path, list.place)) included.push_back(read(path, list.place, ConfigRole::included));
      }
    }
    include(table, included, sources_, problems_);
  }

  bool may_read(const std::string& path, const Place& place) {
    std::string why;
    if (const auto known = read_at_.find(path); known != read_at_.end()) {
      const bool is_open = std::find(open_files_.begin(), open_files_.end(), path) != open_files_.end();
      why = is_open ? "it includes itself" : "it was included already, at " + sources_.describe(known->second);
    } else if (open_files_.size() > kIncludeDepthMax) {
      why = "includes nest deeper than " + std::to_string(kIncludeDepthMax);
    }
    if (!why.empty()) problems_.error(place, "'" + path + "' is not included: " + why);
    return why.empty();
  }

  // Reported once: every further include is too much as well.
  bool may_go_on(const Place& place) {
    if (++files_ <= kFilesMax) return true;
    if (files_ == kFilesMax + 1) {
      problems_.error(place, "more than " + std::to_string(kFilesMax) + " files and patterns are included");
    }
    return false;
  }

  // Sorted; a name without wildcards stands for itself, whether it exists or not.
  static std::vector<std::string> expand(const std::string& pattern) {
    if (pattern.find_first_of("*?[") == std::string::npos) return {pattern};
    glob_t found{};
    std::vector<std::string> paths;
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    return paths;
  }

  Sources& sources_;
  Problems& problems_;
  std::vector<std::string> open_files_;   // from the main file to the one being read
  std::map<std::string, Place> read_at_;  // by path: where it was included
  std::size_t files_ = 0;
  std::size_t bytes_left_ = kConfigBytesMax;
  std::size_t values_left_ = kTomlValuesMax;
};

}  // namespace

Table read_config_files(const std::string& path, Sources& sources, Problems& problems, ConfigRole role) {
  return FilesReader(sources, problems).read(path, std::nullopt, role);
}

}  // namespace p2p::host
