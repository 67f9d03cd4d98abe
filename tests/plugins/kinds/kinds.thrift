// One interface, served in every kind of handler, whose methods misbehave on request.
namespace cpp kinds
namespace py kinds

exception Refusal {
  1: string why
}

service Kinds {
  string echo(1: string text)
  string throw_error(1: string text)                     // an exception derived from std::exception, with this text
  string throw_number()                                  // throws 42
  string throw_declared(1: string text) throws (1: Refusal refusal)
  string forget()                                        // lets go of the call without an answer
  string answer_twice(1: string text)                    // cob style only; the others answer once
  string answer_elsewhere(1: string text)                // from another thread, where the kind can
  string answer_late(1: string text, 2: i32 milliseconds)
  oneway void note(1: string text)
  oneway void throw_oneway(1: string text)
  list<string> notes()
}
