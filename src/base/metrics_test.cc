#include "base/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace matsuri::metrics {
namespace {

TEST(Metrics, PrintsFamiliesInPrometheusForm) {
  Registry registry;
  registry.counter("requests_total", "Requests answered.", {{"code", "200"}}).add(3);
  registry.counter("requests_total", "Requests answered.", {{"code", "500"}}).add();
  registry.gauge("open", "Open connections.").set(-2);
  Histogram& histogram = registry.histogram("wait_seconds", "Waits.", {0.5, 1});
  histogram.observe(0.5);  // A bound belongs to its bucket.
  histogram.observe(0.75);
  histogram.observe(8);
  EXPECT_EQ(registry.to_text(),
            "# HELP open Open connections.\n"
            "# TYPE open gauge\n"
            "open -2\n"
            "# HELP requests_total Requests answered.\n"
            "# TYPE requests_total counter\n"
            "requests_total{code=\"200\"} 3\n"
            "requests_total{code=\"500\"} 1\n"
            "# HELP wait_seconds Waits.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{le=\"0.5\"} 1\n"
            "wait_seconds_bucket{le=\"1\"} 2\n"
            "wait_seconds_bucket{le=\"+Inf\"} 3\n"
            "wait_seconds_sum 9.25\n"
            "wait_seconds_count 3\n");
}

TEST(Metrics, GivesTheSameSeriesForTheSameLabels) {
  Registry registry;
  Counter& first = registry.counter("a_total", "A.", {{"k", "v"}});
  EXPECT_EQ(&first, &registry.counter("a_total", "A.", {{"k", "v"}}));
  EXPECT_NE(&first, &registry.counter("a_total", "A.", {{"k", "w"}}));
  EXPECT_NE(&first, &registry.counter("a_total", "A."));
}

TEST(Metrics, EscapesLabelValues) {
  Registry registry;
  registry.gauge("a", "A.", {{"path", "x\"y\\z\nw"}, {"b", "c"}}).set(1);
  EXPECT_NE(registry.to_text().find("a{path=\"x\\\"y\\\\z\\nw\",b=\"c\"} 1\n"), std::string::npos);
}

TEST(Metrics, AsksForValuesUntilTheHandleIsDropped) {
  Registry registry;
  double value = 1.5;
  auto handle = registry.gauge_from("lag", "Lag.", {{"view", "t"}}, [&] { return value; });
  EXPECT_NE(registry.to_text().find("lag{view=\"t\"} 1.5\n"), std::string::npos);
  value = 1e6;
  EXPECT_NE(registry.to_text().find("lag{view=\"t\"} 1000000\n"), std::string::npos);
  handle.reset();
  EXPECT_EQ(registry.to_text(), "");
}

TEST(Metrics, LetsAHandleOutliveTheRegistry) {
  std::shared_ptr<void> handle;
  {
    Registry registry;
    handle = registry.gauge_from("lag", "Lag.", {}, [] { return 1.0; });
  }
  handle.reset();
}

TEST(Metrics, CountsFromManyThreads) {
  Registry registry;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int round = 0; round < 10'000; ++round) {
        registry.counter("a_total", "A.").add();
        registry.histogram("h", "H.", seconds_bounds()).observe(1);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.counter("a_total", "A.").value(), 40'000U);
  EXPECT_EQ(registry.histogram("h", "H.", seconds_bounds()).sum(), 40'000.0);
}

}  // namespace
}  // namespace matsuri::metrics
