#include "metrics/process_metrics.h"

#include "metrics/metric_text.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace p2p::host {
namespace {

// Fields of /proc/self/stat after the name in parentheses, counted from 0: proc(5) counts from 3.
constexpr std::size_t kUserTicks = 14 - 3;
constexpr std::size_t kSystemTicks = 15 - 3;
constexpr std::size_t kThreads = 20 - 3;
constexpr std::size_t kVirtualBytes = 23 - 3;
constexpr std::size_t kResidentPages = 24 - 3;

std::vector<double> numbers_of_stat() {
  std::ifstream stat("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string state;
  rest >> state;
  std::vector<double> numbers{0};
  for (double number = 0; rest >> number;) numbers.push_back(number);
  return numbers;
}

// The folder that is read is open, too, meanwhile.
double open_descriptors() {
  std::error_code failure;
  const std::filesystem::directory_iterator all("/proc/self/fd", failure);
  return failure ? 0 : static_cast<double>(std::distance(begin(all), end(all)) - 1);
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> shown;
  const auto show = [&](const char* name, const char* help, MetricType type, double value) {
    shown.push_back(family(name, help, type));
    add_number(shown.back(), {}, value);
  };
  const std::vector<double> stat = numbers_of_stat();
  if (stat.size() > kResidentPages) {
    const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    show("process_cpu_seconds_total", "Processor time, of user and system.", MetricType::Counter,
         (stat[kUserTicks] + stat[kSystemTicks]) / ticks);
    show("process_virtual_memory_bytes", "Address space.", MetricType::Gauge, stat[kVirtualBytes]);
    show("process_resident_memory_bytes", "Memory that is in use.", MetricType::Gauge,
         stat[kResidentPages] * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    show("process_threads", "Threads.", MetricType::Gauge, stat[kThreads]);
  }
  show("process_open_fds", "Open file descriptors.", MetricType::Gauge, open_descriptors_.of(open_descriptors));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    show("process_max_fds", "File descriptors that may be open.", MetricType::Gauge,
         static_cast<double>(limit.rlim_cur));
  return shown;
}

}  // namespace p2p::host
