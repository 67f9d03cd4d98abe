// Another process for a test: its output, line by line, and how it ended.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace p2p::test {

class ChildProgram final {
 public:
  // `environment`: what is added to that of the test, as "NAME=VALUE".
  ChildProgram(std::vector<std::string> command, std::vector<std::string> environment = {}) {
    int input[2];
    int output[2];
    if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    for (char** inherited = environ; *inherited != nullptr; ++inherited) environment.emplace_back(*inherited);
    const auto arguments = pointers(command);
    const auto variables = pointers(environment);
    const int failed = ::posix_spawn(&number_, arguments[0], &actions, nullptr, arguments.data(), variables.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    output_ = ::fdopen(output[0], "r");
    if (failed != 0) throw std::runtime_error("cannot run " + command[0]);
  }
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;
  ~ChildProgram() {
    wait();
    std::fclose(output_);
  }

  pid_t number() const { return number_; }

  // Waits for it; "" at the end.
  std::string line() {
    std::string text;
    for (int byte = std::fgetc(output_); byte != EOF && byte != '\n'; byte = std::fgetc(output_))
      text.push_back(static_cast<char>(byte));
    return text;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (std::string text = line(); !text.empty(); text = line()) all.push_back(std::move(text));
    return all;
  }

  void kill() { ::kill(number_, SIGKILL); }

  // Ends its input; its exit status, or minus the signal that ended it.
  int wait() {
    if (input_ < 0) return status_;
    ::close(std::exchange(input_, -1));
    int status = 0;
    ::waitpid(number_, &status, 0);
    return status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  }

  pid_t number_ = 0;
  int input_ = -1;
  std::FILE* output_ = nullptr;
  int status_ = 0;
};

}  // namespace p2p::test
