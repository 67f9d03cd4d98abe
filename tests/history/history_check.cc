// history_check: is what clients were told linearizable? Reads files of recorded operations (history_file.h says how
// they look), and names each key that is wrong, with the few operations that prove it.
#include "history/history_verdict.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

namespace p2p::history {
namespace {

constexpr int kLinearizable = 0;
constexpr int kNotLinearizable = 1;
constexpr int kBadInput = 2;
constexpr int kUndecided = 3;

constexpr std::size_t kSentencesMax = 10;

// False, and said, at the first line that is no operation.
bool read_all(std::istream& from, const std::string& name, OperationsByKey& history) {
  std::size_t number = 0;
  for (std::string line; std::getline(from, line);) {
    ++number;
    if (line.empty()) continue;
    auto operation = operation_of(line);
    if (!operation) {
      fmt::print(stderr, "{}:{}: {}\n", name, number, operation.error().text);
      return false;
    }
    std::string key = operation.value().key;
    history[std::move(key)].push_back(std::move(operation).value());
  }
  return true;
}

bool read_file(const std::string& name, OperationsByKey& history) {
  if (name == "-") return read_all(std::cin, "stdin", history);
  std::ifstream file(name);
  if (!file) {
    fmt::print(stderr, "{}: cannot be read\n", name);
    return false;
  }
  return read_all(file, name, history);
}

int tell(const HistoryVerdict& verdict, std::size_t keys) {
  for (const std::string& sentence : verdict.sentences) fmt::print("{}\n", sentence);
  fmt::print("{} operations on {} keys: ", verdict.operations, keys);
  if (verdict.wrong_keys > 0) {
    fmt::print("not linearizable, {} key(s) are wrong\n", verdict.wrong_keys);
    return kNotLinearizable;
  }
  if (verdict.undecided_keys > 0) {
    fmt::print("{} key(s) are undecided\n", verdict.undecided_keys);
    return kUndecided;
  }
  fmt::print("linearizable\n");
  return kLinearizable;
}

}  // namespace
}  // namespace p2p::history

int main(int argc, char** argv) {
  using namespace p2p::history;
  std::vector<std::string> files;
  std::size_t places_max = kPlacesMax;
  CLI::App app("Tells whether recorded histories, taken together, are linearizable.", "history_check");
  app.add_option("FILE", files, "a history, one operation a line; - for stdin")->required();
  app.add_option("--places-max", places_max, "situations of one key after which its search is given up")
      ->capture_default_str();
  app.footer("Exit codes: 0 linearizable, 1 not, 2 a file is not as it should be, 3 undecided.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? kLinearizable : kBadInput;
  }
  OperationsByKey history;
  for (const std::string& file : files) {
    if (!read_file(file, history)) return kBadInput;
  }
  return tell(judge(history, kSentencesMax, places_max), history.size());
}
