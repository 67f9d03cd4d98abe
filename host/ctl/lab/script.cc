#include "ctl/lab/script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace p2p::ctl::lab {
namespace {

constexpr std::pair<const char*, Deed> kFaults[] = {{"kill", Deed::kill}, {"stop", Deed::stop}, {"cut", Deed::cut}};
constexpr std::pair<const char*, Subject> kSubjects[] = {{"gap", Subject::gap},
                                                         {"lost", Subject::lost},
                                                         {"operations", Subject::operations},
                                                         {"unknown", Subject::unknown},
                                                         {"refused", Subject::refused}};

struct Word {
  std::string text;
  std::size_t column = 0;
};

std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  line = line.substr(0, line.find('#'));
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = line.find_first_not_of(" \t\r", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    words.push_back({std::string(line.substr(begin, end - begin)), begin + 1});
    at = end;
  }
  return words;
}

struct Wrong {
  std::size_t column;
  std::string text;
};

// Takes the words of one line, from left to right; throws Wrong at the first that does not fit.
class Line final {
 public:
  explicit Line(std::vector<Word> words) : words_(std::move(words)) {}

  bool is_at_end() const { return at_ == words_.size(); }
  std::size_t column() const { return is_at_end() ? end_column() : words_[at_].column; }

  [[noreturn]] void fail(const std::string& wanted) const {
    if (is_at_end()) throw Wrong{end_column(), fmt::format("{} is missing here", wanted)};
    throw Wrong{words_[at_].column, fmt::format("'{}': {} is wanted here", words_[at_].text, wanted)};
  }

  Word take(const std::string& wanted) {
    if (is_at_end()) fail(wanted);
    return words_[at_++];
  }

  bool skip(std::string_view word) {
    if (is_at_end() || words_[at_].text != word) return false;
    ++at_;
    return true;
  }

  void expect_word(const std::string& word) {
    if (!skip(word)) fail("'" + word + "'");
  }

  std::uint64_t number(const std::string& wanted, std::uint64_t least, std::uint64_t most) {
    const std::string allowed = fmt::format("{} ({} to {})", wanted, least, most);
    if (is_at_end()) fail(allowed);
    const std::string& text = words_[at_].text;
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < least || value > most) fail(allowed);
    ++at_;
    return value;
  }

  Duration duration(Duration most) {
    const char* const wanted = "a time such as 500ms or 30s";
    if (is_at_end()) fail(wanted);
    const auto parsed = parse_duration(words_[at_].text);
    if (!parsed.ok()) fail(wanted);
    if (parsed.value() <= Duration::zero() || parsed.value() > most) fail("a time above 0 and of an hour at most");
    ++at_;
    return parsed.value();
  }

  void end() const {
    if (!is_at_end()) fail("the end of the line");
  }

  std::string text() const {
    std::string joined;
    for (const Word& word : words_) joined += (joined.empty() ? "" : " ") + word.text;
    return joined;
  }

 private:
  std::size_t end_column() const { return words_.back().column + words_.back().text.size(); }

  std::vector<Word> words_;
  std::size_t at_ = 0;
};

std::optional<Deed> fault_of(std::string_view word) {
  const auto found = std::ranges::find_if(kFaults, [&](const auto& one) { return one.first == word; });
  return found == std::end(kFaults) ? std::nullopt : std::optional(found->second);
}

class Reading final {
 public:
  Parsed run(std::string_view text) && {
    std::size_t number = 0;
    while (!text.empty() && parsed_.mistakes.size() < kMistakesMax) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      line_ = ++number;
      if (number > kLinesMax) {
        parsed_.mistakes.push_back({{number, 1}, fmt::format("a script has {} lines at most", kLinesMax)});
        break;
      }
      auto words = words_of(text.substr(0, end));
      if (!words.empty()) take(std::move(words));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(parsed_);
  }

 private:
  void take(std::vector<Word> words) {
    Line line(std::move(words));
    try {
      statement(line);
    } catch (const Wrong& wrong) {
      parsed_.mistakes.push_back({{line_, wrong.column}, wrong.text});
    }
  }

  Place here(const Line& line) const { return {line_, line.column()}; }

  void statement(Line& line) {
    const Place place = here(line);
    const Word first = line.take("a step");
    if (first.text == "nodes" || first.text == "keys" || first.text == "clients") {
      setting(first, line);
    } else if (first.text == "wait") {
      wait(line, place);
    } else if (first.text == "random") {
      random_faults(line, place);
    } else if (first.text == "expect") {
      expectation(line, place);
    } else if (const auto deed = deed_of(first.text)) {
      one_deed(*deed, line, place);
    } else {
      throw Wrong{first.column,
                  fmt::format("unknown step '{}'; there are nodes, keys, clients, wait, kill, stop, cut, resume, join, "
                              "leave, random and expect",
                              first.text)};
    }
    line.end();
  }

  static std::optional<Deed> deed_of(std::string_view word) {
    for (const Deed deed : {Deed::resume, Deed::join, Deed::leave})
      if (word == to_text(deed)) return deed;
    return fault_of(word);
  }

  void setting(const Word& name, Line& line) {
    Script& script = parsed_.script;
    if (!script.steps.empty()) throw Wrong{name.column, fmt::format("'{}' stands before the first step", name.text)};
    const bool is_nodes = name.text == "nodes";
    std::uint32_t& value = is_nodes ? script.nodes : name.text == "keys" ? script.keys : script.clients;
    const std::uint32_t most = is_nodes ? kNodesMax : name.text == "keys" ? kKeysMax : kClientsMax;
    value = static_cast<std::uint32_t>(line.number("a number of " + name.text, 1, most));
  }

  void wait(Line& line, const Place& place) {
    Step step{.kind = Step::Kind::wait_healthy, .place = place};
    if (line.skip("operations")) {
      step.kind = Step::Kind::wait_operations;
      step.operations = line.number("a number of operations", 1, 1'000'000'000);
    } else if (!line.skip("healthy")) {
      line.fail("'healthy' or 'operations'");
    }
    if (line.skip("within")) step.within = line.duration(kWithinMax);
    parsed_.script.steps.push_back(std::move(step));
  }

  void random_faults(Line& line, const Place& place) {
    Step step{.kind = Step::Kind::random_faults, .place = place};
    const std::size_t column = line.column();
    const std::string names = line.take("kill, stop or cut, joined by commas").text;
    for (std::size_t at = 0; at <= names.size();) {
      const std::size_t end = std::min(names.find(',', at), names.size());
      const std::string name = names.substr(at, end - at);
      const auto fault = fault_of(name);
      if (!fault) throw Wrong{column + at, fmt::format("'{}': kill, stop or cut is wanted here", name)};
      step.deeds.push_back(*fault);
      at = end + 1;
    }
    line.expect_word("every");
    step.every = line.duration(kWithinMax);
    line.expect_word("for");
    const std::size_t lasting = line.column();
    step.lasting = line.duration(kWithinMax);
    if (step.lasting < step.every) throw Wrong{lasting, "there is no fault in this time"};
    parsed_.script.steps.push_back(std::move(step));
  }

  void one_deed(Deed deed, Line& line, const Place& place) {
    Step step{.kind = Step::Kind::deed, .deed = deed, .place = place};
    if (deed != Deed::join) {
      step.place = here(line);
      if (line.skip("random")) {
        step.who = Step::Who::random;
      } else if (deed == Deed::resume && line.skip("all")) {
        step.who = Step::Who::all;
      } else {
        step.node = static_cast<std::uint32_t>(
            line.number(deed == Deed::resume ? "a node, 'random' or 'all'" : "a node or 'random'", 1, kNodesMax));
      }
    }
    parsed_.script.steps.push_back(std::move(step));
  }

  void expectation(Line& line, const Place& place) {
    Expectation one;
    one.place = place;
    if (!line.skip("linearizable")) {
      const auto found = std::ranges::find_if(kSubjects, [&](const auto& known) { return line.skip(known.first); });
      if (found == std::end(kSubjects)) line.fail("linearizable, gap, lost, operations, unknown or refused");
      one.subject = found->second;
      if (line.skip("<=")) {
        one.comparison = Comparison::at_most;
      } else if (line.skip(">=")) {
        one.comparison = Comparison::at_least;
      }
      if (one.subject == Subject::gap) {
        one.value = std::chrono::duration<double>(line.duration(kWithinMax)).count();
      } else {
        one.value = static_cast<double>(line.number("a number", 0, 1'000'000'000));
      }
    }
    one.text = line.text().substr(std::string_view("expect ").size());
    parsed_.script.expectations.push_back(std::move(one));
  }

  Parsed parsed_;
  std::size_t line_ = 0;
};

}  // namespace

const char* to_text(Deed deed) noexcept {
  switch (deed) {
    case Deed::kill:
      return "kill";
    case Deed::stop:
      return "stop";
    case Deed::cut:
      return "cut";
    case Deed::resume:
      return "resume";
    case Deed::join:
      return "join";
    case Deed::leave:
      return "leave";
  }
  return "?";
}

Parsed parse_script(std::string_view text) { return Reading().run(text); }

std::string text_of(const std::string& name, const std::vector<Mistake>& mistakes) {
  std::string text;
  for (const Mistake& mistake : mistakes)
    text += fmt::format("{}:{}:{}: error: {}\n", name, mistake.place.line, mistake.place.column, mistake.text);
  return text;
}

}  // namespace p2p::ctl::lab
