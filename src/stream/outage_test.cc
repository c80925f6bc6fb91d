// Goal: a database that is away, or full, costs time and nothing else: no record is set aside, and
// the view catches up by itself.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "sql/testing/mariadb_server.h"
#include "stream/testing/faulty_db.h"
#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

class OutageTest : public StreamTest {
 protected:
  void expect_each_once(Store& store, const Stream& stream, std::uint64_t count) {
    const auto all = static_cast<std::int64_t>(count);
    EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy WHERE id = place"), all);
    EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM outbox"), all);
    EXPECT_EQ(number_of(*store.db, "SELECT at_offset FROM view_position"), all);
    EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM quarantine"), 0);
    const ApplierStatus status = status_of(stream, "toy");
    EXPECT_TRUE(identity_holds(status));
    EXPECT_EQ(status.read, count);
    EXPECT_EQ(status.done, count);
    EXPECT_EQ(status.trouble, "");
  }
};
MATSURI_FOR_EACH_ENGINE(OutageTest);

// Method: MariaDB is killed, and stopped, while posts come; SQLite's writer is held by another.
TEST_P(OutageTest, QuarantinesNothingWhileTheDatabaseIsAway) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  std::atomic<bool> over{false};
  std::uint64_t id = 0;
  std::thread client([&] {
    while (!over) {
      ++id;
      EXPECT_TRUE(append(*writer, {toy_post(id, "post", id)}).ok());
    }
  });
  for (int round = 0; round < 3; ++round) {
    pause_ms(100);
    if (GetParam() == sql::Engine::mariadb) {
      sql::MariadbServer* const server = sql::MariadbServer::get();
      if (round % 2 == 0)
        server->kill();
      else
        server->stop();
      pause_ms(400);
      EXPECT_TRUE(soon([&] { return !status_of(stream, "toy").trouble.empty(); }));
      server->start();
    } else {
      const auto other = store.db->dedicate().value();
      ASSERT_TRUE(other->begin().ok());
      pause_ms(300);
      other->rollback();
    }
  }
  over = true;
  client.join();
  ASSERT_TRUE(soon([&] { return stream.drain(drain_ms); }));
  expect_each_once(store, stream, id);
}

// Goal: a bound on the lag holds also while whoever looks for new records waits for the database.
TEST_P(OutageTest, AnswersBusyWhileTheDatabaseIsAway) {
  Store store = open_store(fresh_options());
  FaultyDb faulty(*store.db);
  const auto outbox = Outbox::open(faulty, Region{0}, Node{1}, io::system_random()).value();
  faulty.die(FaultyDb::Death::before, 0);
  const auto writer = open_writer();
  ToyView view;
  StreamOptions bounded = options();
  bounded.lag_count_max = 10;
  bounded.batch_wait_ms = 60'000;  // the regular look never comes
  Stream stream(bounded);
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  for (std::uint64_t id = 1; id <= 11; ++id)
    ASSERT_TRUE(append(*writer, {toy_post(id, "post")}).ok());
  EXPECT_TRUE(soon([&] { return !stream.admit(EventKind::publish_post).ok(); }));
  EXPECT_TRUE(stream.admit(EventKind::block_changed).ok());
}

}  // namespace
}  // namespace matsuri::stream::testing
