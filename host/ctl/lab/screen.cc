#include "ctl/lab/screen.h"

#include "ctl/table_text.h"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ctl::lab {
namespace {

// How often the table is drawn anew.
constexpr int kDrawMs = 500;

constexpr std::pair<char, Deed> kKeys[] = {{'k', Deed::kill},   {'s', Deed::stop}, {'c', Deed::cut},
                                           {'r', Deed::resume}, {'j', Deed::join}, {'l', Deed::leave}};

// Keys come one by one, and are not shown.
class SingleKeys final {
 public:
  SingleKeys() {
    is_set_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    if (is_set_) ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  SingleKeys(const SingleKeys&) = delete;
  SingleKeys& operator=(const SingleKeys&) = delete;
  ~SingleKeys() {
    if (is_set_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  // 0: none came within `ms`.
  char await(int ms) const {
    pollfd polled{STDIN_FILENO, POLLIN, 0};
    char key = 0;
    if (::poll(&polled, 1, ms) <= 0) return 0;
    return ::read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
  }

 private:
  termios before_{};
  bool is_set_ = false;
};

void draw(Lab& lab, const std::vector<NodeView>& views, std::size_t chosen, const std::string& note) {
  std::vector<std::vector<std::string>> rows{{" ", "node", "address", "state", "calls", "says"}};
  for (std::size_t at = 0; at < views.size(); ++at) {
    const NodeView& one = views[at];
    rows.push_back({at == chosen ? ">" : " ", std::to_string(one.number), one.address, to_text(one.state),
                    std::to_string(one.calls), one.told});
  }
  std::string text = "\033[H\033[J";
  for (const std::string& line : table_lines(rows)) text += line + '\n';
  text += fmt::format("\nload: {}\n", lab.counts().dump());
  text += "k kill, s stop, c cut, r resume, j join, l leave, n next node, q quit and judge\n" + note + '\n';
  fmt::print("{}", text);
  std::fflush(stdout);
}

// What is wrong with the key, or "" when it was done.
std::string press(Lab& lab, char key, const std::vector<NodeView>& views, std::size_t chosen, bool has_cuts) {
  const auto found = std::ranges::find_if(kKeys, [&](const auto& one) { return one.first == key; });
  if (found == std::end(kKeys)) return "";
  const Deed deed = found->second;
  if (deed == Deed::cut && !has_cuts) return Links::refusal();
  if (deed == Deed::join) {
    if (views.size() >= kNodesMax) return fmt::format("there are {} nodes at most", kNodesMax);
    lab.apply(Deed::join, static_cast<std::uint32_t>(views.size() + 1));
    return "";
  }
  const NodeView& node = views.at(chosen);
  if (!may(deed, node.state)) return fmt::format("node {} {}: no {}", node.number, to_text(node.state), to_text(deed));
  lab.apply(deed, node.number);
  return "";
}

}  // namespace

void play(Lab& lab, bool has_cuts, const std::atomic<bool>& is_interrupted) {
  const SingleKeys keys;
  std::size_t chosen = 0;
  std::string note;
  while (!is_interrupted.load() && !lab.is_over()) {
    const auto views = lab.nodes().look();
    draw(lab, views, chosen, note);
    const char key = keys.await(kDrawMs);
    if (key == 'q') break;
    if (key == 'n') chosen = (chosen + 1) % views.size();
    if (key != 0) note = press(lab, key, views, chosen, has_cuts);
  }
  fmt::print("\n");
}

}  // namespace p2p::ctl::lab
