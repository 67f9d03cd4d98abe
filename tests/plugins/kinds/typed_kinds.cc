#include "typed_kinds.h"

#include <Kinds.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace kinds {
namespace {

// Answers on a pool thread, some time after the handler has returned.
template <class TextAnswer>
void answer_on(p2p::WorkerPool& pool, TextAnswer answer, const std::string& text, std::int32_t milliseconds) {
  // A std::function is copied, an Answer is not.
  auto kept = std::make_shared<TextAnswer>(std::move(answer));
  const bool is_accepted = pool.submit([kept, text, milliseconds] {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    (*kept)(text);
  });
  if (!is_accepted) kept->fail(p2p::CallFault::internal_error, "the pool is full");
}

void add_good_methods(p2p::Methods& methods, const std::shared_ptr<Notebook>& notebook) {
  methods.on<Kinds_echo_args, Kinds_echo_presult>("echo", [](auto& args, auto answer) { answer(args.text); });
  methods.on<Kinds_answer_twice_args, Kinds_answer_twice_presult>("answer_twice",
                                                                  [](auto& args, auto answer) { answer(args.text); });
  methods.on_oneway<Kinds_note_args>("note", [notebook](auto& args, p2p::Call) { notebook->note(args.text); });
  methods.on<Kinds_notes_args, Kinds_notes_presult>("notes",
                                                    [notebook](auto&, auto answer) { answer(notebook->notes()); });
}

void add_bad_methods(p2p::Methods& methods) {
  methods.on<Kinds_throw_error_args, Kinds_throw_error_presult>(
      "throw_error", [](auto& args, auto) { throw std::runtime_error(args.text); });
  methods.on<Kinds_throw_number_args, Kinds_throw_number_presult>("throw_number", [](auto&, auto) { throw 42; });
  methods.on<Kinds_throw_declared_args, Kinds_throw_declared_presult>("throw_declared", [](auto& args, auto answer) {
    Refusal refusal;
    refusal.why = args.text;
    answer.raise(1, refusal);
  });
  methods.on<Kinds_forget_args, Kinds_forget_presult>("forget", [](auto&, auto) {});
  methods.on_oneway<Kinds_throw_oneway_args>("throw_oneway",
                                             [](auto& args, p2p::Call) { throw std::runtime_error(args.text); });
}

void add_late_methods(p2p::Methods& methods, p2p::WorkerPool& pool) {
  methods.on<Kinds_answer_elsewhere_args, Kinds_answer_elsewhere_presult>(
      "answer_elsewhere", [&pool](auto& args, auto answer) { answer_on(pool, std::move(answer), args.text, 0); });
  methods.on<Kinds_answer_late_args, Kinds_answer_late_presult>("answer_late", [&pool](auto& args, auto answer) {
    answer_on(pool, std::move(answer), args.text, args.milliseconds);
  });
}

}  // namespace

std::shared_ptr<p2p::Methods> typed_kinds(p2p::WorkerPool& pool, std::shared_ptr<Notebook> notebook) {
  auto methods = std::make_shared<p2p::Methods>();
  add_good_methods(*methods, notebook);
  add_bad_methods(*methods);
  add_late_methods(*methods, pool);
  return methods;
}

}  // namespace kinds
