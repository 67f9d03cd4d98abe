// A service on a newer NodeAddress; this header knows neither that one nor the SDK's.
#pragma once

#include <memory>

namespace apache::thrift {
class TProcessor;
}

namespace skew {

std::shared_ptr<apache::thrift::TProcessor> make_zoned_processor();

}  // namespace skew
