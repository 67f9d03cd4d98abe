#include "zoned_service.h"

#include <Zoned.h>

namespace skew {
namespace {

class Handler final : public locator::ZonedIf {
 public:
  void echo(locator::Location& answer, const locator::Location& sent) override { answer = sent; }
};

}  // namespace

std::shared_ptr<apache::thrift::TProcessor> make_zoned_processor() {
  return std::make_shared<locator::ZonedProcessor>(std::make_shared<Handler>());
}

}  // namespace skew
