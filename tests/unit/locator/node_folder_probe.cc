// A process that has a node's folder, for tests that need another one than their own:
//   node_folder_probe FOLDER [save:TEXT | retire | end | hold]...
// Each thing that it was told is a line of its output: "start ID BOOT NONCE [saved:TEXT] [before:FOLDER]", "saved
// TEXT", "retired ID BOOT", "ended". `hold` says "holding" and waits for the end of its input. A failure is the last
// line, and its exit status 1.
#include "agreed/disk/node_folder.h"

#include <unistd.h>

#include <iostream>
#include <string>

namespace {

using p2p::agreed::NodeFolder;

int fail(const p2p::Error& error) {
  std::cout << "failed " << error.text << std::endl;
  return 1;
}

std::string text_of(const p2p::agreed::Identity& self) {
  return self.id.text() + " " + std::to_string(self.boot.number);
}

int apply(NodeFolder& folder, const std::string& command) {
  if (command.starts_with("save:")) {
    if (auto saved = folder.save(command.substr(5)); !saved.ok()) return fail(saved.error());
    std::cout << "saved " << command.substr(5) << std::endl;
  } else if (command == "retire") {
    if (auto retired = folder.retire("told to"); !retired.ok()) return fail(retired.error());
    std::cout << "retired " << text_of(folder.self()) << std::endl;
  } else if (command == "end") {
    if (auto ended = folder.mark_network_ended({{.high = 1, .low = 2}}, "told to"); !ended.ok())
      return fail(ended.error());
    std::cout << "ended" << std::endl;
  } else if (command == "hold") {
    std::cout << "holding" << std::endl;
    std::cin.get();
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  auto opened = NodeFolder::open(arguments[1]);
  if (!opened.ok()) return fail(opened.error());
  NodeFolder& folder = *opened.value();
  std::cout << "start " << text_of(folder.self()) << " " << folder.self().boot.nonce;
  if (const auto saved = folder.take_saved()) std::cout << " saved:" << *saved;
  if (const auto& before = folder.retired_at_start()) std::cout << " before:" << before->folder.native();
  std::cout << std::endl;
  for (int i = 2; i < count; ++i) {
    if (const int status = apply(folder, arguments[i]); status != 0) return status;
  }
  return 0;
}
