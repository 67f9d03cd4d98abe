#include "engine/memory/entry.h"

#include "engine/memory/heap_bytes.h"

#include <p2p/assert.h>

#include <new>
#include <utility>

namespace p2p::diststore {

static_assert(kLargeValueBytes <= std::size_t{1} << 14, "the length of a smaller value fits its field");
static_assert(kExpiryMax <= (WallMs{1} << 48) - 1);
static_assert(sizeof(Entry) == 32 && alignof(Entry) >= alignof(std::shared_ptr<const std::string>));

EntryOwner Entry::make_block(std::string_view key, std::size_t bytes_behind, Version version, ViewVersion confirmed_in,
                             bool is_erased) {
  void* block = ::operator new(sizeof(Entry) + key.size() + bytes_behind);
  EntryOwner entry(new (block) Entry(version, confirmed_in));
  entry->key_bytes_ = static_cast<std::uint32_t>(key.size());
  entry->is_erased_ = is_erased ? 1 : 0;
  return entry;
}

void Entry::attach(std::string_view key, Handle value) noexcept {
  new (bytes()) Handle(std::move(value));
  is_large_ = 1;
  key.copy(bytes() + sizeof(Handle), key.size());
}

EntryOwner Entry::make_shared(std::string_view key, std::shared_ptr<const std::string> value, Version version) {
  EntryOwner entry = make_block(key, sizeof(Handle), version, kNeverConfirmed, false);
  entry->attach(key, std::move(value));
  return entry;
}

EntryOwner Entry::make(std::string_view key, std::string_view value, std::string* owned, Version version,
                       ViewVersion confirmed_in, bool is_erased) {
  if (value.size() >= kLargeValueBytes) {
    P2P_ASSERT(owned != nullptr, "a large value is taken over");
    Handle handle = std::make_shared<const std::string>(std::move(*owned));
    EntryOwner entry = make_block(key, sizeof(Handle), version, confirmed_in, is_erased);
    entry->attach(key, std::move(handle));
    return entry;
  }
  EntryOwner entry = make_block(key, value.size(), version, confirmed_in, is_erased);
  entry->value_bytes_ = static_cast<std::uint32_t>(value.size()) & 0x3fff;
  key.copy(entry->bytes(), key.size());
  value.copy(entry->bytes() + key.size(), value.size());
  return entry;
}

const std::shared_ptr<const std::string>& Entry::large() const noexcept {
  return *std::launder(reinterpret_cast<const Handle*>(bytes()));
}

// What is around a large value's bytes: a string and its count of readers, or a batch of one write with the key once
// more, when it is shared with the messages that brought it (replication/batch.h).
constexpr std::size_t kLargeOverhead = 256;

std::size_t Entry::memory_bytes() const noexcept {
  if (!is_large()) return heap_bytes(sizeof(Entry) + key_bytes_ + value_bytes_);
  return heap_bytes(sizeof(Entry) + sizeof(Handle) + key_bytes_) + heap_bytes(value().size() + 1) + kLargeOverhead +
         key_bytes_;
}

bool Entry::overwrite(std::string_view value) noexcept {
  if (is_large() || is_erased() || value.size() != value_bytes_) return false;
  value.copy(bytes() + key_bytes_, value.size());
  return true;
}

void EntryDeleter::operator()(Entry* entry) const noexcept {
  if (entry->is_large()) entry->large().~shared_ptr();
  entry->~Entry();
  ::operator delete(entry);
}

}  // namespace p2p::diststore
