#include "config/read_configuration.h"

#include "config/layers.h"
#include "config/reading.h"
#include "config/toml_text.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace p2p::host {
namespace {

// Deeper includes could be followed by nobody.
constexpr std::size_t kIncludeDepthMax = 8;

// One file for each service of the largest node that anybody runs, many times over.
constexpr std::size_t kFilesMax = 1000;

// A thousand times the longest sensible configuration; whatever is larger is not one.
constexpr std::uintmax_t kConfigBytesMax = 16u << 20;

class Reader {
 public:
  Reader(Sources& sources, Problems& problems) : sources_(sources), problems_(problems) {}

  // `asked_at`: where the file is included; none for the main file.
  Table read(const std::string& path, const std::optional<Place>& asked_at) {
    std::string folder = std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    std::string why;
    auto text = read_text_of(path, why);
    const std::uint32_t source = sources_.add({Source::Kind::file, path, text.value_or(""), folder});
    if (!text) {
      const Place place = asked_at.value_or(Place{source, 0, 0, 1});
      problems_.add(ProblemKind::unreadable, place,
                    (asked_at ? "'" + path + "' cannot be read: " : "cannot be read: ") + why);
      return {};
    }
    Table table = parse_toml(*text, source, problems_);
    open_files_.push_back(path);
    add_includes(table, folder);
    open_files_.pop_back();
    return table;
  }

 private:
  static std::optional<std::string> read_text_of(const std::string& path, std::string& why) {
    std::error_code failure;
    if (std::filesystem::is_directory(path, failure)) {
      why = "it is a folder";
      return std::nullopt;
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      why = std::strerror(errno);
      return std::nullopt;
    }
    std::string text;
    for (std::istreambuf_iterator<char> at(file), end; at != end && text.size() <= kConfigBytesMax; ++at) text += *at;
    if (text.size() <= kConfigBytesMax) return text;
    why = "it is larger than a configuration can be";
    return std::nullopt;
  }

  void add_includes(Table& table, const std::string& folder) {
    const Entry* found = table.find("include");
    if (found == nullptr) return;
    const Value list = found->value;
    std::erase_if(table.entries, [](const Entry& entry) { return entry.key == "include"; });
    const auto patterns = read_value({"include", OptionType::list, "", "", ""}, list);
    if (!patterns.ok()) return problems_.error(list.place, "include " + patterns.error().text);

    std::vector<Table> included;
    for (const std::string& pattern : std::get<std::vector<std::string>>(patterns.value())) {
      for (const std::string& path : expand((std::filesystem::path(folder) / pattern).lexically_normal().string())) {
        if (may_read(path, list.place)) included.push_back(read(path, list.place));
      }
    }
    include(table, included, sources_, problems_);
  }

  bool may_read(const std::string& path, const Place& place) {
    std::string why;
    if (std::find(open_files_.begin(), open_files_.end(), path) != open_files_.end()) why = "it includes itself";
    if (open_files_.size() > kIncludeDepthMax) why = "includes nest deeper than " + std::to_string(kIncludeDepthMax);
    if (++files_ > kFilesMax) why = "there are more than " + std::to_string(kFilesMax) + " files";
    if (!why.empty()) problems_.error(place, "'" + path + "' is not included: " + why);
    return why.empty();
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
  std::vector<std::string> open_files_;  // from the main file to the one being read
  std::size_t files_ = 1;
};

}  // namespace

Table read_config_files(const std::string& path, Sources& sources, Problems& problems) {
  return Reader(sources, problems).read(path, std::nullopt);
}

}  // namespace p2p::host
