// What services count comes out as Prometheus reads it, and as operators know it from `status`.
#include "metrics/metric_registry.h"
#include "metrics/aged_answer.h"
#include "metrics/metric_text.h"
#include "metrics/process_metrics.h"
#include "metrics/service_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace p2p::host {
namespace {

class CountingLog final : public Logger {
 public:
  int lines = 0;

 protected:
  void write(LogLevel, std::string_view) noexcept override { ++lines; }
};

class MetricRegistryTest : public ::testing::Test {
 protected:
  MetricRegistryTest() { registry.add(metrics); }

  bool shows(const std::string& line) const { return ("\n" + registry.text()).find("\n" + line + "\n") != npos; }

  static constexpr auto npos = std::string::npos;
  MetricRegistry registry;
  CountingLog log;
  ServiceMetrics metrics{"work", "jobs", 3, log};
};

TEST_F(MetricRegistryTest, ACounterIsShownWithItsServiceItsLabelsAndItsHelp) {
  metrics.counter({"jobs_total", "Jobs that have ended.", {{"outcome", "done"}}})->add(3);
  EXPECT_TRUE(shows("# HELP p2phost_work_jobs_total Jobs that have ended.")) << registry.text();
  EXPECT_TRUE(shows("# TYPE p2phost_work_jobs_total counter"));
  EXPECT_TRUE(shows("p2phost_work_jobs_total{service=\"jobs\",outcome=\"done\"} 3"));
}

TEST_F(MetricRegistryTest, TheSameNameAndLabelsAreTheSameCounter) {
  EXPECT_EQ(metrics.counter({"jobs_total", ""}), metrics.counter({"jobs_total", ""}));
  EXPECT_NE(metrics.counter({"jobs_total", "", {{"a", "1"}}}), metrics.counter({"jobs_total", "", {{"a", "2"}}}));
}

TEST_F(MetricRegistryTest, AHistogramIsShownInBucketsThatContainTheSmallerOnes) {
  const auto sizes = metrics.histogram({"job_bytes", "Sizes."}, {10, 100});
  for (const double size : {1.0, 10.0, 11.0, 1000.0}) sizes->observe(size);
  EXPECT_TRUE(shows("p2phost_work_job_bytes_bucket{service=\"jobs\",le=\"10\"} 2")) << registry.text();
  EXPECT_TRUE(shows("p2phost_work_job_bytes_bucket{service=\"jobs\",le=\"100\"} 3"));
  EXPECT_TRUE(shows("p2phost_work_job_bytes_bucket{service=\"jobs\",le=\"+Inf\"} 4"));
  EXPECT_TRUE(shows("p2phost_work_job_bytes_count{service=\"jobs\"} 4"));
  EXPECT_TRUE(shows("p2phost_work_job_bytes_sum{service=\"jobs\"} 1022"));
}

TEST_F(MetricRegistryTest, NamesBecomeWhatPrometheusAllows) {
  metrics.show_counter({"jobs per-day", "", {{"le", "x"}, {"1st", "y"}}}, [] { return 1.0; });
  EXPECT_TRUE(shows("p2phost_work_jobs_per_day_total{service=\"jobs\",exported_le=\"x\",_1st=\"y\"} 1"))
      << registry.text();
}

TEST_F(MetricRegistryTest, ValuesOfLabelsAreQuoted) {
  metrics.show_gauge({"queue", "", {{"name", "a\"b\\c\nd"}}}, [] { return 1.0; });
  EXPECT_TRUE(shows(R"(p2phost_work_queue{service="jobs",name="a\"b\\c\nd"} 1)")) << registry.text();
}

TEST_F(MetricRegistryTest, AGaugeOfTheSameLabelsReplacesTheFirst) {
  metrics.show_gauge({"queue", ""}, [] { return 1.0; });
  metrics.show_gauge({"queue", ""}, [] { return 2.0; });
  EXPECT_TRUE(shows("p2phost_work_queue{service=\"jobs\"} 2"));
}

TEST_F(MetricRegistryTest, TooManyLabelValuesAreCountedAsOther) {
  for (std::size_t at = 0; at < kLabelValuesMax + 5; ++at) {
    const Labels labels{{"key", std::to_string(at)}};
    metrics.counter({"calls_total", "", labels})->add();
    metrics.show_gauge({"queue", "", labels}, [] { return 2.0; });
  }
  EXPECT_TRUE(shows("p2phost_work_calls_total{service=\"jobs\",key=\"99\"} 1"));
  EXPECT_TRUE(shows("p2phost_work_calls_total{service=\"jobs\",key=\"other\"} 5"));
  EXPECT_TRUE(shows("p2phost_work_queue{service=\"jobs\",key=\"other\"} 10"));
  EXPECT_EQ(registry.text().find("key=\"100\""), npos);
}

TEST_F(MetricRegistryTest, ANameHasOneType) {
  metrics.counter({"jobs_total", ""});
  EXPECT_THROW(metrics.show_gauge({"jobs_total", ""}, [] { return 0.0; }), std::logic_error);
}

TEST_F(MetricRegistryTest, ServicesOfOnePluginShareAFamily) {
  ServiceMetrics second("work", "others", 1, log);
  registry.add(second);
  for (ServiceMetrics* one : {&metrics, &second}) one->counter({"jobs_total", "Jobs."})->add();
  const std::string text = registry.text();
  EXPECT_EQ(text.find("# TYPE p2phost_work_jobs_total"), text.rfind("# TYPE p2phost_work_jobs_total"));
  EXPECT_TRUE(shows("p2phost_work_jobs_total{service=\"others\"} 1")) << text;
  registry.remove(second);
  EXPECT_FALSE(shows("p2phost_work_jobs_total{service=\"others\"} 1"));
}

TEST_F(MetricRegistryTest, WhatAServiceHasShownEndsWithIt) {
  const auto counter = metrics.counter({"jobs_total", ""});
  metrics.end();
  counter->add();
  EXPECT_EQ(registry.text(), "");
}

TEST_F(MetricRegistryTest, WhatComesAfterTheEndIsNotRead) {
  metrics.end();
  metrics.show_gauge({"queue", ""}, [] { return 1.0; });
  EXPECT_EQ(registry.text(), "");
}

TEST_F(MetricRegistryTest, AFunctionThatThrowsLeavesOutItsOwnNumberAlone) {
  bool throws = true;
  metrics.show_gauge({"queue", "", {{"of", "a"}}}, [&throws] {
    if (throws) throw std::runtime_error("no");
    return 1.0;
  });
  metrics.show_gauge({"queue", "", {{"of", "b"}}}, []() -> double { throw 1; });
  metrics.show_gauge({"jobs", ""}, [] { return 2.0; });
  for (int scrape = 0; scrape < 3; ++scrape) {
    EXPECT_TRUE(shows("p2phost_work_jobs{service=\"jobs\"} 2"));
    EXPECT_EQ(registry.text().find("of="), npos);
  }
  EXPECT_EQ(metrics.numbers(), (std::map<std::string, std::int64_t>{{"jobs", 2}}));
  EXPECT_EQ(log.lines, 2) << "each once";
  throws = false;
  EXPECT_TRUE(shows("p2phost_work_queue{service=\"jobs\",of=\"a\"} 1"));
}

TEST_F(MetricRegistryTest, StatusShowsNumbersUnderOneNameWithoutLabels) {
  metrics.show_gauge({"moving_keys", "", {{"state", "done"}}}, [] { return 2.0; });
  metrics.counter({"jobs_total", "", {{"method", "get"}, {"outcome", "failed"}}})->add(4);
  metrics.histogram({"job_bytes", ""}, {1});
  EXPECT_EQ(metrics.numbers(), (std::map<std::string, std::int64_t>{{"moving_keys_done", 2}, {"jobs_get_failed", 4}}));
}

TEST(Counter, CountsWhatAllThreadsAddInWhateverCell) {
  Counter counter(3);
  Histogram histogram({1}, 3);
  constexpr int kAdds = 10'000;
  std::vector<std::thread> threads;
  for (const std::size_t cell : {0, 1, 1, 2, 7}) {
    threads.emplace_back([&, cell] {
      count_in_cell(cell);
      for (int at = 0; at < kAdds; ++at) {
        counter.add();
        histogram.observe(2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 5 * kAdds);
  EXPECT_EQ(histogram.seen().counts, (std::vector<std::int64_t>{0, 5 * kAdds}));
  EXPECT_EQ(histogram.seen().sum, 2.0 * 5 * kAdds);
}

TEST(Histogram, HasBucketsUpToALimit) {
  EXPECT_EQ(Histogram(std::vector<double>(100, 1.0)).bounds().size(), Histogram::kBucketsMax);
}

TEST(AgedAnswer, IsAskedForOnceInItsTime) {
  AgedAnswer<int> answer;
  EXPECT_EQ(answer.of([] { return 1; }), 1);
  EXPECT_EQ(answer.of([] { return 2; }), 1);
}

TEST(ProcessMetrics, TellsWhatTheKernelSays) {
  MetricRegistry registry;
  const ProcessMetrics process;
  registry.add(process);
  const std::string text = registry.text();
  for (const char* name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
                           "process_max_fds ", "process_threads "})
    EXPECT_NE(text.find(std::string("\n") + name), std::string::npos) << name << " is missing in " << text;
}

}  // namespace
}  // namespace p2p::host
