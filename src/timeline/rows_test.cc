// Goal: a row that is in memory is never older than what was committed, whoever reads while it
// happens; and memory stays within its bound.
#include "timeline/rows.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "timeline/query.h"
#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using stream::Record;
using testing::comment_record;
using testing::delete_record;
using testing::edit_record;
using ::testing::ElementsAre;
using testing::fact_record;
using testing::name_record;
using testing::post_id;
using testing::post_record;
using Texts = std::vector<std::string>;

constexpr AccountId mio{11}, ken{22};

std::string render(const Post& post) {
  return post.author.name + ": " + post.text + ' ' + std::to_string(post.comment_count) + ' ' +
         std::to_string(post.empathy_count);
}

class RowsTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    testing::ViewTest::SetUp();
    if (IsSkipped()) return;
    make_rows({});
    commit({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken")});
  }
  void make_rows(const RowOptions& options) {
    metrics_ = std::make_unique<metrics::Registry>();
    rows_ = std::make_unique<Rows>(render, options, metrics_.get());
  }
  void commit(const std::vector<Record>& records) {
    apply(records);
    rows_->committed(records);
  }
  Texts read_at(Rows::Moment moment, const std::vector<PostId>& ids) {
    return texts(read(*db_, [&](sql::Connection& connection) {
                   return rows_->read(connection, moment, ids);
                 }).value());
  }
  Texts read_now(const std::vector<PostId>& ids) { return read_at(rows_->now(), ids); }
  static Texts texts(const std::vector<RowPtr>& rows) {
    Texts all;
    for (const RowPtr& row : rows) all.push_back(row->rendered);
    return all;
  }
  bool is_kept(PostId id) { return rows_->find({&id, 1}).has_value(); }
  std::uint64_t counted(const std::string& found) {
    return metrics_
        ->counter("matsuri_timeline_rows_total", "Posts of pages, by whether they were in memory.",
                  {{"found", found}})
        .value();
  }

  std::unique_ptr<metrics::Registry> metrics_;
  std::unique_ptr<Rows> rows_;
};
MATSURI_FOR_EACH_ENGINE(RowsTest);

TEST_P(RowsTest, GivesThoseThatAreThereInTheirOrderAndCountsWhereTheyWere) {
  commit({post_record(post_id(1), mio, "a"), post_record(post_id(2), ken, "b"),
          post_record(post_id(3), AccountId{33}, "of nobody known")});
  const std::vector<PostId> ids = {post_id(2), post_id(9), post_id(3), post_id(1)};
  EXPECT_THAT(read_now(ids), ElementsAre("Ken: b 0 0", "Mio: a 0 0"));
  EXPECT_EQ(counted("database"), 4u);
  EXPECT_THAT(read_now(ids), ElementsAre("Ken: b 0 0", "Mio: a 0 0"));
  EXPECT_EQ(counted("database"), 6u);
  EXPECT_EQ(counted("memory"), 2u);
  EXPECT_FALSE(rows_->find(ids));
  EXPECT_THAT(texts(*rows_->find(std::vector{post_id(1), post_id(2)})),
              ElementsAre("Mio: a 0 0", "Ken: b 0 0"));
  EXPECT_EQ(counted("memory"), 4u);
  EXPECT_NE(metrics_->to_text().find("matsuri_timeline_rows_bytes"), std::string::npos);
}

TEST_P(RowsTest, EveryChangeHoldsAtTheNextRead) {
  const PostId post = post_id(1), other = post_id(2), comment = post_id(3);
  commit({post_record(post, mio, "a"), post_record(other, ken, "b")});
  const auto changes_to = [&](const Record& record, const std::string& wanted) {
    ASSERT_TRUE(is_kept(post));
    commit({record});
    EXPECT_FALSE(is_kept(post)) << wanted;
    EXPECT_TRUE(is_kept(other)) << wanted;
    EXPECT_THAT(read_now({post}), ElementsAre(wanted));
  };
  read_now({post, other});
  changes_to(edit_record(post, mio, post_id(4).value, "edited"), "Mio: edited 0 0");
  changes_to(comment_record(comment, ken, post, "c"), "Mio: edited 1 0");
  changes_to(fact_record(testing::felt(post, 7, 7)), "Mio: edited 1 7");
  changes_to(name_record(mio, 2, "Miö"), "Miö: edited 1 7");
  changes_to(delete_record(comment, ken, post_id(5).value, post), "Miö: edited 0 7");
  commit({delete_record(post, mio, post_id(6).value)});
  EXPECT_FALSE(is_kept(post));
  EXPECT_TRUE(read_now({post}).empty());
}

// Method: a moment is taken, a change is committed, and only then the read begins.
TEST_P(RowsTest, AReadThatBeganBeforeAChangeKeepsNothingOfIt) {
  commit({post_record(post_id(1), mio, "a"), post_record(post_id(2), ken, "b")});
  const Rows::Moment before = rows_->now();
  commit({edit_record(post_id(1), mio, post_id(3).value, "edited")});
  read_at(before, {post_id(1), post_id(2)});
  EXPECT_FALSE(is_kept(post_id(1)));
  EXPECT_TRUE(is_kept(post_id(2)));
  // Nor does it take the place of a younger one.
  read_now({post_id(1)});
  read_at(before, {post_id(1)});
  EXPECT_TRUE(is_kept(post_id(1)));
}

TEST_P(RowsTest, StaysWithinItsBoundAndKeepsWhatIsReadAgain) {
  constexpr std::size_t size_max = 16'384;
  make_rows({.size_max = size_max});
  std::vector<Record> records;
  for (std::uint16_t number = 0; number < 200; ++number)
    records.push_back(post_record(post_id(number * 60'000, number), mio, std::string(100, 'x')));
  commit(records);
  const PostId read_often = post_id(0);
  read_now({read_often});
  for (std::uint16_t number = 1; number < 200; ++number) {
    ASSERT_TRUE(is_kept(read_often));
    read_now({post_id(number * 60'000, number)});
    ASSERT_LE(rows_->usage().size, size_max);
  }
  EXPECT_GT(rows_->usage().count, 10u);
  EXPECT_LT(rows_->usage().count, 40u);
  EXPECT_FALSE(is_kept(post_id(60'000, 1)));
  make_rows({.size_max = 0});
  EXPECT_EQ(read_now({read_often}).size(), 1u);
  EXPECT_EQ(rows_->usage().count, 0u);
  EXPECT_EQ(rows_->usage().size, 0u);
}

// Method: readers read two posts from memory or the database without a pause, while their names and
// counts move. What a reader was told before its read began holds in what it reads.
TEST_P(RowsTest, NobodyReadsWhatWasBeforeACommit) {
  const std::vector<PostId> ids = {post_id(1), post_id(2)};
  commit({post_record(ids[0], mio, "a"), post_record(ids[1], ken, "b")});
  commit({fact_record(testing::felt(ids[0], 1, 1)), name_record(ken, 2, "1")});
  std::atomic<std::uint64_t> count{1};
  std::atomic<bool> is_over{false};
  std::atomic<std::uint64_t> read_count{0};
  const auto run = [&] {
    while (!is_over) {
      const std::uint64_t told = count;
      auto rows = rows_->find(ids);
      if (!rows) {
        const Rows::Moment moment = rows_->now();
        rows = read(*db_, [&](sql::Connection& connection) {
                 return rows_->read(connection, moment, ids);
               }).value();
      }
      ASSERT_EQ(rows->size(), 2u);
      ASSERT_GE((*rows)[0]->post.empathy_count, told);
      ASSERT_GE(std::stoull((*rows)[1]->post.author.name), told);
      ++read_count;
    }
  };
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) readers.emplace_back(run);
  const std::uint64_t step_count = GetParam() == sql::Engine::sqlite ? 400 : 40;
  for (std::uint64_t step = 2; step <= step_count; ++step) {
    commit({fact_record(testing::felt(ids[0], step, step))});
    commit({name_record(ken, step + 1, std::to_string(step))});
    count = step;
  }
  while (read_count < 100) std::this_thread::yield();
  is_over = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace matsuri::timeline
