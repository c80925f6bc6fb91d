#include "stream/testing/fixture.h"

#include <chrono>
#include <thread>

#include "base/assert.h"

namespace matsuri::stream::testing {
namespace {

template <class T>
T must(Result<T> result) {
  MATSURI_ASSERT(result.ok(), result.ok() ? "" : result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

Store open_store(const sql::DbOptions& options, io::Random& random) {
  Store store;
  store.db = must(sql::Db::open(options));
  must(store.db->migrate("toy", toy_migrations()));
  store.outbox = must(Outbox::open(*store.db, Region{0}, Node{1}, random));
  return store;
}

std::unique_ptr<journal::Writer> StreamTest::open_writer(const std::string& name) {
  journal::WriterOptions options;
  options.folder = journal_folder(name);
  options.segment_size = std::uint64_t{1} << 20;
  options.batch_body_size_max = std::size_t{1} << 19;
  options.node = Node{1};
  return must(journal::Writer::open(options));
}

StreamOptions StreamTest::options() {
  StreamOptions options;
  options.batch_wait_ms = 20;
  options.retry_ms_max = 50;
  options.metrics = &registry_;
  return options;
}

ApplierStatus status_of(const Stream& stream, std::string_view view) {
  for (const ApplierStatus& status : stream.status())
    if (status.view == view) return status;
  MATSURI_ASSERT(false, "no such view");
}

::testing::AssertionResult identity_holds(const ApplierStatus& status) {
  const std::uint64_t sum = status.done + status.duplicate + status.refused + status.not_mine +
                            status.quarantined + status.in_flight;
  if (sum == status.read) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "read " << status.read << ", accounted for " << sum;
}

::testing::AssertionResult soon(const std::function<bool()>& condition) {
  for (int count = 0; count < 4000; ++count) {
    if (condition()) return ::testing::AssertionSuccess();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return ::testing::AssertionFailure() << "not within 20 s";
}

}  // namespace matsuri::stream::testing
