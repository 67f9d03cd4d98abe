// What is called when an answer arrives? A move-only function that stores small captures inline, so that a call costs
// no allocation for it.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace p2p::client {

template <class Signature, std::size_t kInlineBytes = 48>
class Callback;

// Empty when default-constructed or moved from; an empty one must not be called. One thread at a time.
template <class Result, class... Arguments, std::size_t kInlineBytes>
class Callback<Result(Arguments...), kInlineBytes> final {
 public:
  Callback() noexcept = default;

  template <class Function>
  requires(!std::is_same_v<std::decay_t<Function>, Callback> &&
           std::is_invocable_r_v<Result, std::decay_t<Function>&, Arguments...>)
      Callback(Function&& function) {  // NOLINT: a lambda is passed as it stands
    using Held = std::decay_t<Function>;
    if constexpr (kFits<Held>) {
      ::new (static_cast<void*>(storage_)) Held(std::forward<Function>(function));
      kind_ = &kInlineKind<Held>;
    } else {
      ::new (static_cast<void*>(storage_)) Held*(new Held(std::forward<Function>(function)));
      kind_ = &kHeapKind<Held>;
    }
  }

  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() { reset(); }

  explicit operator bool() const noexcept { return kind_ != nullptr; }
  Result operator()(Arguments... arguments) { return kind_->call(storage_, std::forward<Arguments>(arguments)...); }

  // Destroys what is held.
  void reset() noexcept {
    if (kind_ != nullptr) std::exchange(kind_, nullptr)->destroy(storage_);
  }

 private:
  struct Kind {
    Result (*call)(void* storage, Arguments&&... arguments);
    void (*move)(void* from, void* to) noexcept;  // and destroys what was in `from`
    void (*destroy)(void* storage) noexcept;
  };

  template <class Held>
  static constexpr bool kFits =
      sizeof(Held) <= kInlineBytes &&
      alignof(Held) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<Held>;

  template <class Held>
  static constexpr Kind kInlineKind = {[](void* storage, Arguments&&... arguments) -> Result {
                                         return (*static_cast<Held*>(storage))(std::forward<Arguments>(arguments)...);
                                       },
                                       [](void* from, void* to) noexcept {
                                         ::new (to) Held(std::move(*static_cast<Held*>(from)));
                                         static_cast<Held*>(from)->~Held();
                                       },
                                       [](void* storage) noexcept { static_cast<Held*>(storage)->~Held(); }};

  template <class Held>
  static constexpr Kind kHeapKind = {
      [](void* storage, Arguments&&... arguments) -> Result {
        return (**static_cast<Held**>(storage))(std::forward<Arguments>(arguments)...);
      },
      [](void* from, void* to) noexcept { ::new (to) Held*(*static_cast<Held**>(from)); },
      [](void* storage) noexcept { delete *static_cast<Held**>(storage); }};

  void take(Callback& other) noexcept {
    kind_ = std::exchange(other.kind_, nullptr);
    if (kind_ != nullptr) kind_->move(other.storage_, storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes < sizeof(void*) ? sizeof(void*) : kInlineBytes];
  const Kind* kind_ = nullptr;
};

}  // namespace p2p::client
