// What is called when a reply arrives? A move-only function. Small captures are stored inline, without an allocation.
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
  requires(!std::is_same_v<std::remove_cvref_t<Function>, Callback> &&
           std::is_invocable_r_v<Result, std::remove_cvref_t<Function>&, Arguments...>)
      Callback(Function&& function) {  // NOLINT: implicit, so that callers can pass a lambda
    using Stored = std::decay_t<Function>;
    if constexpr (kFits<Stored>) {
      ::new (static_cast<void*>(storage_)) Stored(std::forward<Function>(function));
      kind_ = &kInlineKind<Stored>;
    } else {
      ::new (static_cast<void*>(storage_)) Stored*(new Stored(std::forward<Function>(function)));
      kind_ = &kHeapKind<Stored>;
    }
  }

  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }
  ~Callback() { reset(); }

  explicit operator bool() const noexcept { return kind_ != nullptr; }
  Result operator()(Arguments... arguments) { return kind_->call(storage_, std::forward<Arguments>(arguments)...); }

  // Destroys the stored function.
  void reset() noexcept {
    if (kind_ != nullptr) std::exchange(kind_, nullptr)->destroy(storage_);
  }

 private:
  struct Kind {
    Result (*call)(void* storage, Arguments&&... arguments);
    void (*move)(void* from, void* to) noexcept;  // also destroys the function in `from`
    void (*destroy)(void* storage) noexcept;
  };

  template <class Stored>
  static constexpr bool kFits =
      sizeof(Stored) <= kInlineBytes &&
      alignof(Stored) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<Stored>;

  template <class Stored>
  static constexpr Kind kInlineKind = {[](void* storage, Arguments&&... arguments) -> Result {
                                         return (*static_cast<Stored*>(storage))(std::forward<Arguments>(arguments)...);
                                       },
                                       [](void* from, void* to) noexcept {
                                         ::new (to) Stored(std::move(*static_cast<Stored*>(from)));
                                         static_cast<Stored*>(from)->~Stored();
                                       },
                                       [](void* storage) noexcept { static_cast<Stored*>(storage)->~Stored(); }};

  template <class Stored>
  static constexpr Kind kHeapKind = {
      [](void* storage, Arguments&&... arguments) -> Result {
        return (**static_cast<Stored**>(storage))(std::forward<Arguments>(arguments)...);
      },
      [](void* from, void* to) noexcept { ::new (to) Stored*(*static_cast<Stored**>(from)); },
      [](void* storage) noexcept { delete *static_cast<Stored**>(storage); }};

  void take(Callback& other) noexcept {
    kind_ = std::exchange(other.kind_, nullptr);
    if (kind_ != nullptr) kind_->move(other.storage_, storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes < sizeof(void*) ? sizeof(void*) : kInlineBytes];
  const Kind* kind_ = nullptr;
};

}  // namespace p2p::client
