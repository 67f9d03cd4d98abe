// Kinds as a synchronous handler, for the worker pool or inline.
#pragma once

#include "notebook.h"

#include <Kinds.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kinds {

class SynchronousKinds final : public KindsIf {
 public:
  explicit SynchronousKinds(std::shared_ptr<Notebook> notebook) : notebook_(std::move(notebook)) {}

  void echo(std::string& answer, const std::string& text) override { answer = text; }
  void throw_error(std::string&, const std::string& text) override { throw std::runtime_error(text); }
  void throw_number(std::string&) override { throw 42; }
  void throw_declared(std::string&, const std::string& text) override {
    Refusal refusal;
    refusal.why = text;
    throw refusal;
  }
  void forget(std::string&) override {}  // returning is answering, here
  void answer_twice(std::string& answer, const std::string& text) override { answer = text; }
  void answer_elsewhere(std::string& answer, const std::string& text) override { answer = text; }
  void answer_late(std::string& answer, const std::string& text, std::int32_t milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    answer = text;
  }
  void note(const std::string& text) override { notebook_->note(text); }
  void throw_oneway(const std::string& text) override { throw std::runtime_error(text); }
  void notes(std::vector<std::string>& answer) override { answer = notebook_->notes(); }

 private:
  std::shared_ptr<Notebook> notebook_;
};

}  // namespace kinds
