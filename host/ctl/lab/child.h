// How does the lab run another program? As a child in a process group of its own, which the system kills when the lab
// itself ends in whatever way. Used from one thread, the one that ends last: the system kills when that one ends.
#pragma once

#include <p2p/result.h>

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ctl::lab {

struct Program {
  std::vector<std::string> command;  // the first is the path
  std::string output{};  // a file that its output is appended to; "": our error output, so that ours stays our own
  std::vector<std::pair<std::string, std::string>> environment{};  // beside ours
  bool has_input = false;                                          // a pipe, whose end is told by close_input()
  // Set: the child gets a network of its own, and waits there until this has returned success.
  std::function<Result<Done>(pid_t child)> prepare_network{};
};

class Child final {
 public:
  static Result<Child> start(const Program& program);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child() { kill(); }

  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;  // to the whole group; nothing once it has ended
  void close_input();
  // "ended with 78", "was ended by signal 6", once it has ended. What is left of its group is killed then.
  std::optional<std::string> end();
  bool has_failed() const noexcept { return status_ != 0; }  // once it has ended
  // Kills the whole group, and waits for the child. Does nothing once it has ended.
  void kill();

 private:
  Child(pid_t pid, int input) : pid_(pid), input_(input) {}
  void take_status(int status);

  pid_t pid_ = -1;
  int input_ = -1;
  bool is_over_ = false;
  int status_ = 0;
};

// Runs a program to its end, which is near: its output is the error's text when it fails.
Result<Done> run_to_end(const std::vector<std::string>& command);

}  // namespace p2p::ctl::lab
