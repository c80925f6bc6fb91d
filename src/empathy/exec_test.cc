// Goal: what was answered is in the set once the view has it, over restarts; and exec refuses what
// must never be in the journal.
#include "empathy/exec.h"

#include <future>

#include "empathy/testing/fixture.h"
#include "io/clock.h"
#include "io/random.h"
#include "stream/outbox.h"

namespace matsuri::empathy {
namespace {

constexpr AccountId mio{11}, ken{22};
constexpr PostId post{1000};

class ExecTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    testing::ViewTest::SetUp();
    if (!IsSkipped()) start();
  }
  void TearDown() override { stop(); }

  void start() {
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
    empathies_ = std::make_unique<Empathies>(*writer_, *ids_, *stream_);
    MATSURI_ASSERT(stream_->start().ok());
  }
  void stop() {
    empathies_.reset();
    stream_.reset();
    writer_.reset();
    ids_.reset();
    outbox_.reset();
  }
  Result<Position> set(AccountId account, bool given) {
    std::promise<Result<Position>> promise;
    empathies_->set({.post = post,
                     .post_author = mio,
                     .community = common_ground,
                     .account = account,
                     .given = given},
                    executor_,
                    [&](Result<Position> position) { promise.set_value(std::move(position)); });
    return promise.get_future().get();
  }
  std::size_t count() {
    MATSURI_ASSERT(stream_->drain(30'000));
    return read([&](sql::Connection& connection) {
             return given_by(connection, ken, std::vector{post});
           })
        .value()
        .size();
  }

  io::InlineExecutor executor_;
  EmpathyView view_;
  std::unique_ptr<stream::Outbox> outbox_;
  std::unique_ptr<journal::IdMaker> ids_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<stream::Stream> stream_;
  std::unique_ptr<Empathies> empathies_;
};
MATSURI_FOR_EACH_ENGINE(ExecTest);

TEST_P(ExecTest, GivesAndTakesBackOverRestarts) {
  const auto given = set(ken, true);
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(given.value(), (Position{writer_->origin(), 1}));
  EXPECT_EQ(count(), 1u);
  stop();
  start();
  EXPECT_TRUE(set(ken, true).ok());  // a retry after a lost answer
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(outbox_->read(0, 10).value().size(), 1u);
  EXPECT_TRUE(set(ken, false).ok());
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(outbox_->read(0, 10).value().size(), 2u);
}

TEST_P(ExecTest, NobodyFeelsItWithTheirOwn) {
  EXPECT_EQ(set(mio, true).error().code(), Code::denied);
  EXPECT_EQ(set(mio, false).error().code(), Code::denied);
  EXPECT_EQ(writer_->durable_offset(), 0u);
}

}  // namespace
}  // namespace matsuri::empathy
