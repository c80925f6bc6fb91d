// Goal: what was seen is remembered once the view has it, and settings count from their answer on.
#include "notification/exec.h"

#include <future>

#include "io/random.h"
#include "notification/testing/fixture.h"
#include "stream/outbox.h"

namespace matsuri::notification {
namespace {

constexpr AccountId mio{11}, ken{22};

class ExecTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    testing::ViewTest::SetUp();
    if (IsSkipped()) return;
    outbox_ = stream::Outbox::open(*db_, Region{0}, Node{1}, io::system_random()).value();
    ids_ = journal::IdMaker::open({.path = folder() + "/ids", .node = Node{1}}).value();
    writer_ = journal::Writer::open({.folder = folder() + "/journal",
                                     .node = Node{1},
                                     .segment_size = std::uint64_t{1} << 20,
                                     .batch_body_size_max = std::size_t{256} << 10})
                  .value();
    stream_ = std::make_unique<stream::Stream>(stream::StreamOptions{.batch_wait_ms = 20});
    MATSURI_ASSERT(stream_->add_journal(folder() + "/journal", writer_.get()).ok());
    MATSURI_ASSERT(stream_->add_view(view_, *outbox_).ok());
    notifications_ = std::make_unique<Notifications>(*writer_, *ids_, *stream_, *db_);
    MATSURI_ASSERT(stream_->start().ok());
  }
  void TearDown() override {
    notifications_.reset();
    stream_.reset();
    writer_.reset();
    ids_.reset();
    outbox_.reset();
  }
  Result<Position> mark(std::uint64_t up_to) {
    std::promise<Result<Position>> promise;
    notifications_->mark_read(mio, up_to, executor_, [&](Result<Position> position) {
      promise.set_value(std::move(position));
    });
    return promise.get_future().get();
  }

  io::InlineExecutor executor_;
  NotificationView view_;
  std::unique_ptr<stream::Outbox> outbox_;
  std::unique_ptr<journal::IdMaker> ids_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<stream::Stream> stream_;
  std::unique_ptr<Notifications> notifications_;
};
MATSURI_FOR_EACH_ENGINE(ExecTest);

TEST_P(ExecTest, MarksWhatIsThereAndNothingBeyond) {
  apply({testing::person_record(ken)});
  apply({testing::follow_record(testing::id_at(5), ken, mio, true)});
  EXPECT_EQ(page_of(mio).unread_count, 1u);
  EXPECT_EQ(mark(0).error().code(), Code::invalid);
  EXPECT_EQ(mark(2).error().code(), Code::invalid);
  EXPECT_EQ(writer_->durable_offset(), 0u);
  EXPECT_EQ(mark(1).value(), (Position{writer_->origin(), 1}));
  ASSERT_TRUE(stream_->drain(30'000));
  EXPECT_EQ(page_of(mio).unread_count, 0u);
  const auto facts = outbox_->read(0, 10).value();
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(std::get<NotificationChanged>(facts[0].event).unread_count, 0u);
}

TEST_P(ExecTest, SettingsAreOnUntilSomebodyChooses) {
  const auto settings = [&] {
    return read([&](sql::Connection& connection) { return read_settings(connection, mio); });
  };
  EXPECT_EQ(settings(), Settings{});
  for (const Settings& wanted : {Settings{.thread = false}, Settings{.empathy = false}}) {
    std::promise<bool> promise;
    notifications_->set_settings(mio, wanted, executor_,
                                 [&](const Result<void>& done) { promise.set_value(done.ok()); });
    EXPECT_TRUE(promise.get_future().get());
    EXPECT_EQ(settings(), wanted);
  }
  const auto all = read(read_all_settings);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].account, mio);
  EXPECT_EQ(all[0].settings, Settings{.empathy = false});
}

}  // namespace
}  // namespace matsuri::notification
