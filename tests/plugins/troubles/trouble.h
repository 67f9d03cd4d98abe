// The interface between the two.
#pragma once

#include <string>

namespace troubles {

class ITrouble {
 public:
  static constexpr const char* kId = "troubles.ITrouble/1";
  virtual ~ITrouble() = default;

  // Throws what `kind` names, with `text` where it carries one. [any thread]
  [[noreturn]] virtual void make(const std::string& kind, const std::string& text) = 0;
};

// A later revision; who provides it provides both.
class INewerTrouble : public ITrouble {
 public:
  static constexpr const char* kId = "troubles.ITrouble/2";

  virtual std::string promise() = 0;  // [any thread]
};

}  // namespace troubles
