// A service built with a newer NodeAddress; this header includes neither that one nor the SDK's.
#pragma once

#include <memory>

namespace apache::thrift {
class TProcessor;
}

namespace skew {

std::shared_ptr<apache::thrift::TProcessor> make_zoned_processor();

}  // namespace skew
