// What a plugin must not do, each as a function to choose from.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

namespace bad {

inline void nothing(const std::string&) {}

// A number, or with the option what = "error" what is derived from std::exception.
inline void throw_it(const std::string& what) {
  if (what == "error") throw std::runtime_error("out of luck");
  throw 42;
}

inline void abort_process(const std::string&) { std::abort(); }
inline void exit_process(const std::string&) { ::_exit(0); }

inline void sleep_for_ever() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

inline void hang(const std::string&) { sleep_for_ever(); }
inline void leave_thread(const std::string&) { std::thread(sleep_for_ever).detach(); }
inline void leave_descriptor(const std::string&) {
  if (::open("/dev/zero", O_RDONLY | O_CLOEXEC) < 0) std::abort();
}
inline void leave_child(const std::string&) {
  if (::fork() == 0) {
    for (;;) ::pause();
  }
}
inline void take_signal(const std::string&) { std::signal(SIGUSR1, SIG_IGN); }
inline void change_locale(const std::string&) {
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr) std::abort();
}
inline void change_umask(const std::string&) { ::umask(0012); }
inline void change_folder(const std::string&) {
  if (::chdir("/") != 0) std::abort();
}

}  // namespace bad
