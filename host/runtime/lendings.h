// Which of the host's objects were lent to services, and which are still held? Checked when the node has ended: a
// service that holds one then forgot to release it in stop().
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {

// Every method: [any thread].
class Lendings final {
 public:
  // Another service's interface as the borrower's own pointer, so that its copies can be told from other borrowers'.
  std::shared_ptr<void> lend(const std::string& borrower, const std::string& what, std::shared_ptr<void> object) {
    void* const plain = object.get();
    // The deleter itself lives on while a weak pointer is left, so it lets go when it runs.
    std::shared_ptr<void> lent(plain, [kept = std::move(object)](void*) mutable { kept.reset(); });
    note(borrower, what, lent);
    return lent;
  }

  void note(const std::string& borrower, const std::string& what, std::weak_ptr<void> object) {
    const std::lock_guard hold(mutex_);
    std::erase_if(lent_, [](const Lent& known) { return known.object.expired(); });
    lent_.push_back({"service " + borrower + " still holds " + what, std::move(object)});
  }

  // "service hello still holds p2p.locator.ILocator/3", once each.
  std::vector<std::string> still_held() const {
    const std::lock_guard hold(mutex_);
    std::vector<std::string> held;
    for (const Lent& known : lent_) {
      if (!known.object.expired()) held.push_back(known.text);
    }
    std::sort(held.begin(), held.end());
    held.erase(std::unique(held.begin(), held.end()), held.end());
    return held;
  }

 private:
  struct Lent {
    std::string text;
    std::weak_ptr<void> object;
  };
  mutable std::mutex mutex_;
  std::vector<Lent> lent_;  // few: things lent while services start
};

}  // namespace p2p::host
