// Which of the host's objects were given to services, and which of them does somebody still hold? Asked when the node
// has ended: whoever holds one then has forgotten to let go of it in stop().
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
  // Another service's interface as a pointer of the borrower's own, so that its copies can be told from everybody
  // else's.
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

  // "service hello still holds p2p.locator.ILocator/2", once each.
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
  std::vector<Lent> lent_;  // of things that are given out while services start: few
};

}  // namespace p2p::host
