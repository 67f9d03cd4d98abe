// How is a callable handed to a virtual method without a copy, an allocation or a template? By reference: the callable
// must outlive the call.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace p2p::diststore {

template <class Signature>
class FunctionRef;

template <class Answer, class... Args>
class FunctionRef<Answer(Args...)> final {
 public:
  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef> &&
           std::is_invocable_r_v<Answer, Callable&, Args...>) FunctionRef(Callable&& callable)
  noexcept  // NOLINT: a lambda is what callers write
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* made_of, Args... args) -> Answer {
          return (*static_cast<std::remove_reference_t<Callable>*>(made_of))(std::forward<Args>(args)...);
        }) {}

  Answer operator()(Args... args) const { return call_(callable_, std::forward<Args>(args)...); }

 private:
  void* callable_;
  Answer (*call_)(void*, Args...);
};

}  // namespace p2p::diststore
