// Kinds in Thrift's own asynchronous style: a callback for each answer.
#pragma once

#include "notebook.h"

#include <p2p/strand.h>

#include <Kinds.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kinds {

class CobKinds final : public KindsCobSvIf {
 public:
  using TextCob = std::function<void(const std::string&)>;
  using ThrowCob = std::function<void(apache::thrift::TDelayedException*)>;

  // `pool` outlives the handler.
  CobKinds(p2p::WorkerPool& pool, std::shared_ptr<Notebook> notebook) : pool_(pool), notebook_(std::move(notebook)) {}

  void echo(TextCob cob, const std::string& text) override { cob(text); }
  void throw_error(TextCob, const std::string& text) override { throw std::runtime_error(text); }
  void throw_number(TextCob) override { throw 42; }
  void throw_declared(TextCob, ThrowCob refuse, const std::string& text) override {
    Refusal refusal;
    refusal.why = text;
    refuse(apache::thrift::TDelayedException::delayException(refusal));
  }
  void forget(TextCob) override {}
  void answer_twice(TextCob cob, const std::string& text) override {
    cob(text);
    cob(text + " again");
  }
  void answer_elsewhere(TextCob cob, const std::string& text) override { answer_late(std::move(cob), text, 0); }
  void answer_late(TextCob cob, const std::string& text, const std::int32_t milliseconds) override {
    const bool is_accepted = pool_.submit([cob = std::move(cob), text, milliseconds] {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      cob(text);
    });
    if (!is_accepted) throw std::runtime_error("the pool is full");
  }
  void note(std::function<void()> cob, const std::string& text) override {
    notebook_->note(text);
    cob();
  }
  void throw_oneway(std::function<void()>, const std::string& text) override { throw std::runtime_error(text); }
  void notes(std::function<void(const std::vector<std::string>&)> cob) override { cob(notebook_->notes()); }

 private:
  p2p::WorkerPool& pool_;
  std::shared_ptr<Notebook> notebook_;
};

}  // namespace kinds
