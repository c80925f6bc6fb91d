// Goal: what a control room sees is what was applied: each attempt and check-in counts once, however
// records come in batches, wherever a process dies, and also where points answer first.
#include "checkin/counts.h"

#include <algorithm>
#include <random>

#include "checkin/testing/fixture.h"
#include "stream/testing/faulty_db.h"
#include "stream/testing/fixture.h"

namespace matsuri::checkin {
namespace {

using stream::testing::FaultyDb;
using stream::testing::rows_of;
using testing::Attempt;
using testing::attempt_record;
using testing::dues_of;
using testing::id_at;
using testing::settled_record;

constexpr AccountId mio{11}, ken{22};
constexpr std::int64_t start_s = testing::start_ms / 1000;

using Rows = std::vector<std::string>;

Rows attempts_in(sql::Db& db) {
  return rows_of(db,
                 "SELECT at_s, programme, result, attempts FROM attempt_count "
                 "ORDER BY at_s, programme, result");
}
Rows counts_in(sql::Db& db) {
  return rows_of(db,
                 "SELECT programme, window_id, campaign, status, reason, checkins, points FROM "
                 "checkin_count WHERE checkins <> 0 OR points <> 0 "
                 "ORDER BY programme, window_id, campaign, status, reason");
}
// The same, of the check-ins themselves.
Rows counted_in(sql::Db& db) {
  return rows_of(
      db,
      "SELECT programme, window_id, campaign, status, CASE WHEN status = 1 THEN 0 ELSE "
      "reason END, COUNT(*), SUM(points) FROM checkin WHERE id > 0 "
      "GROUP BY programme, window_id, campaign, status, CASE WHEN status = 1 THEN 0 ELSE "
      "reason END ORDER BY 1, 2, 3, 4, 5");
}

// Programme, second and result of each.
Rows recount(const std::vector<Attempt>& attempts) {
  std::map<std::tuple<std::int64_t, std::string, std::int64_t>, int> counts;
  for (const Attempt& one : attempts)
    ++counts[{parts_of(one.id).unix_ms / 1000, one.programme, static_cast<int>(one.result)}];
  Rows rows;
  for (const auto& [key, count] : counts)
    rows.push_back(std::to_string(std::get<0>(key)) + '|' + std::get<1>(key) + '|' +
                   std::to_string(std::get<2>(key)) + '|' + std::to_string(count));
  return rows;
}

class CountsTest : public testing::ViewTest {
 protected:
  stream::BatchResult attempts(const std::vector<Attempt>& all) {
    std::vector<stream::Record> records;
    for (const Attempt& one : all) records.push_back(attempt_record(one));
    return apply(records);
  }
  Attendance attendance(const AttendanceQuery& query) {
    Attendance found;
    EXPECT_TRUE(db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                     TRY_ASSIGN(found, read_attendance(connection, query));
                     return {};
                   })
                    .ok());
    return found;
  }
};
MATSURI_FOR_EACH_ENGINE(CountsTest);

TEST_P(CountsTest, AttemptsAreShownInStepsOfTime) {
  attempts({{id_at(0), mio, 1},
            {id_at(999), mio, 1},  // the same window again: another attempt, no other check-in
            {id_at(1000), ken, 2, CheckinResult::no_match},
            {id_at(1001), ken, 2, CheckinResult::no_window},
            {id_at(1002), AccountId{}, 2, CheckinResult::no_match},  // nobody's: refused
            {.id = id_at(1003), .account = ken, .ticket = 2, .programme = "other-night"},
            {id_at(2999), ken, 3, CheckinResult::malformed},
            {id_at(3000), ken, 4, CheckinResult::flat}});
  attempts({{id_at(900), ken, 5, CheckinResult::not_eligible}});  // late, of another journal
  using Steps = std::vector<std::array<std::uint64_t, answer_count>>;
  const AttendanceQuery query{
      .programme = "lantern-night", .from_s = start_s, .step_s = 1, .step_count = 3};
  const Attendance found = attendance(query);
  EXPECT_EQ(found.steps, (Steps{{2, 1, 0}, {0, 1, 1}, {0, 1, 0}}));
  EXPECT_EQ(found.results, (std::array<std::uint64_t, result_count>{2, 1, 0, 1, 1, 0, 1}));
  AttendanceQuery coarse = query;
  coarse.step_s = 2;
  coarse.step_count = 2;
  EXPECT_EQ(attendance(coarse).steps, (Steps{{2, 2, 1}, {0, 2, 0}}));
  coarse.from_s += 1;
  EXPECT_EQ(attendance(coarse).steps, (Steps{{0, 2, 1}, {0, 1, 0}}));
  coarse.step_count = 0;
  EXPECT_TRUE(attendance(coarse).steps.empty());
  coarse.programme = "nobody-s";
  coarse.step_count = 3;
  EXPECT_EQ(attendance(coarse).steps, Steps(3));
}

TEST_P(CountsTest, CheckinsAreCountedByWhatBecameOfThem) {
  const auto dues = dues_of(attempts({{id_at(1), mio, 1}, {id_at(2), ken, 2}}));
  ASSERT_EQ(dues.size(), 2U);
  EXPECT_EQ(counts_in(*db_), (Rows{"lantern-night|1|summer|1|0|2|20"}));
  apply({settled_record(dues[0], GrantOutcome::granted),
         settled_record(dues[1], GrantOutcome::voided, GrantReason::no_account)});
  EXPECT_EQ(counts_in(*db_),
            (Rows{"lantern-night|1|summer|2|0|1|10", "lantern-night|1|summer|3|4|1|10"}));
  // Once more, as after a restore; and twice in one batch.
  apply({settled_record(dues[0], GrantOutcome::granted)});
  apply({settled_record(dues[0], GrantOutcome::budget_exhausted),
         settled_record(dues[0], GrantOutcome::granted)});
  EXPECT_EQ(counts_in(*db_), counted_in(*db_));
  const Attendance found = attendance({.programme = "lantern-night", .from_s = start_s});
  ASSERT_EQ(found.checkins.size(), 2U);
  EXPECT_EQ(found.checkins[0].of.status, Status::granted);
  EXPECT_EQ(found.checkins[0].checkins, 1U);
  EXPECT_EQ(found.checkins[0].points, 10);
  EXPECT_EQ(found.checkins[1].of.reason, GrantReason::no_account);
  EXPECT_EQ(found.checkins[1].of.campaign, "summer");
}

TEST_P(CountsTest, WhatPointsAnsweredBeforeTheAttemptCountsWithTheAttempt) {
  GrantDue due{.account = mio, .programme = "lantern-night", .window = 1, .points = 7};
  apply({settled_record(due, GrantOutcome::granted)});
  EXPECT_EQ(counts_in(*db_), Rows());
  attempts({{id_at(1), mio, 1}});
  EXPECT_EQ(counts_in(*db_), (Rows{"lantern-night|1|summer|2|0|1|7"}));
}

// Goal: whatever comes in whatever order, the counts are those of a plain recount.
TEST_P(CountsTest, RandomSchedulesEqualAPlainRecount) {
  const char* const given = std::getenv("MATSURI_SEED");
  std::mt19937_64 random(given != nullptr ? std::strtoull(given, nullptr, 10)
                                          : std::random_device{}());
  const std::uint64_t seed = random();
  random.seed(seed);
  SCOPED_TRACE(seed);
  const auto below = [&](std::uint64_t count) { return random() % count; };
  std::vector<Attempt> all;
  std::vector<GrantDue> waiting, settled;
  for (int round = 0; round < 60; ++round) {
    std::vector<Attempt> batch;
    for (std::uint64_t count = 1 + below(12); count > 0; --count) {
      const std::uint64_t account = 1 + below(9);
      batch.push_back({.id = id_at(static_cast<std::int64_t>(all.size() + batch.size()) * 90),
                       .account = AccountId{account},
                       .ticket = account * 100 + below(7),
                       .result = static_cast<CheckinResult>(1 + below(4) * below(3)),
                       .window = static_cast<std::uint32_t>(1 + below(5)),
                       .programme = below(4) == 0 ? "other-night" : "lantern-night"});
    }
    for (GrantDue& due : dues_of(attempts(batch))) waiting.push_back(std::move(due));
    all.insert(all.end(), batch.begin(), batch.end());
    std::vector<stream::Record> answers;
    for (std::uint64_t count = below(waiting.size() + 1); count > 0; --count) {
      const auto outcome = static_cast<GrantOutcome>(1 + below(3));
      answers.push_back(settled_record(
          waiting.front(), outcome,
          outcome == GrantOutcome::voided ? GrantReason::no_account : GrantReason::none));
      settled.push_back(waiting.front());
      waiting.erase(waiting.begin());
    }
    if (!settled.empty() && below(3) == 0)
      answers.push_back(settled_record(settled[below(settled.size())], GrantOutcome::granted));
    if (!answers.empty()) apply(answers);
  }
  EXPECT_EQ(attempts_in(*db_), recount(all));
  EXPECT_EQ(counts_in(*db_), counted_in(*db_));
}

TEST_P(CountsTest, CheckinsOfAnOlderDatabaseAreCountedWhenItIsOpened) {
  const auto old = open();
  ASSERT_TRUE(old->migrate("checkin", migrations().first(1)).ok());
  ASSERT_TRUE(old->write_and_wait([](sql::Connection& connection) -> Result<void> {
                   for (const auto& [account, id, status, reason] :
                        {std::array{1, 1, 1, 1}, {2, 2, 2, 0}, {3, 3, 2, 0}, {4, 0, 2, 0}})
                     TRY(connection.execute(
                         "INSERT INTO checkin (account, programme, window_id, id, unix_ms, status, "
                         "reason, rev, points, campaign, event, nonce) VALUES (?, 'show', 1, ?, 1, "
                         "?, ?, 1, 10, 'c', 'e', ?)",
                         {account, id, status, reason, as_bytes(testing::nonce_of(1))}));
                   return {};
                 })
                  .ok());
  ASSERT_TRUE(old->migrate("checkin", migrations()).ok());
  EXPECT_EQ(counts_in(*old), (Rows{"show|1|c|1|0|1|10", "show|1|c|2|0|2|20"}));
}

TEST_P(CountsTest, SecondsAreForgottenAfterASeason) {
  attempts({{id_at(0), mio, 1}, {id_at(1000), mio, 1}});
  const auto forget = [&](std::int64_t now_ms) {
    std::uint64_t count = 0;
    EXPECT_TRUE(db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                     TRY_ASSIGN(count, forget_old_attempt_counts(connection, now_ms));
                     return {};
                   })
                    .ok());
    return count;
  };
  EXPECT_EQ(forget(testing::start_ms + attempt_counts_kept_ms), 0U);
  EXPECT_EQ(forget(testing::start_ms + attempt_counts_kept_ms + 1000), 1U);
  EXPECT_EQ(attempts_in(*db_).size(), 1U);
  EXPECT_EQ(counts_in(*db_).size(), 1U);
}

// Goal: a journal that is read through deaths at every call of the database counts each attempt once.
class CountsReplayTest : public stream::testing::StreamTest {
 protected:
  // One life of the process: to the end of the journal, or of itself.
  std::uint64_t live(sql::Db& db, const FaultyDb* faulty) {
    const auto outbox = stream::Outbox::open(db, Region{0}, Node{1}, io::system_random()).value();
    CheckinView view;
    stream::StreamOptions small = options();
    small.batch_count_max = 4;
    small.metrics = nullptr;
    stream::Stream stream(small);
    EXPECT_TRUE(stream.add_journal(journal_folder(), writer_.get()).ok());
    EXPECT_TRUE(stream.add_view(view, *outbox).ok());
    EXPECT_TRUE(stream.start().ok());
    PositionSet end;
    end.raise(Position{.origin = writer_->origin(), .offset = all_.size()});
    EXPECT_TRUE(stream::testing::soon(
        [&] { return (faulty != nullptr && faulty->is_dead()) || stream.has_passed(end); }));
    stream.stop();
    return faulty != nullptr ? faulty->call_count() : 0;
  }

  std::unique_ptr<sql::Db> fresh() {
    auto db = open();
    EXPECT_TRUE(db->migrate("checkin", migrations()).ok());
    return db;
  }

  std::unique_ptr<journal::Writer> writer_;
  std::vector<Attempt> all_;
};
MATSURI_FOR_EACH_ENGINE(CountsReplayTest);

TEST_P(CountsReplayTest, CountsEachAttemptOnceWhereverItDies) {
  writer_ = open_writer();
  std::vector<journal::Writer::Entry> entries;
  for (std::uint64_t i = 0; i < 10; ++i) {
    all_.push_back({.id = id_at(static_cast<std::int64_t>(i) * 300),
                    .account = AccountId{1 + i % 3},
                    .ticket = i % 5,
                    .result = i % 2 == 0 ? CheckinResult::ok : CheckinResult::flat});
    const stream::Record record = attempt_record(all_.back());
    entries.push_back({.header = record.header, .payload = encode(record.event)});
  }
  ASSERT_TRUE(stream::testing::append(*writer_, entries).ok());
  const auto first = fresh();
  FaultyDb counting(*first);
  const std::uint64_t call_count = live(counting, &counting);
  ASSERT_GT(call_count, 20U);
  // A run takes MariaDB longer: there, every ninth call.
  const std::uint64_t step = GetParam() == sql::Engine::sqlite ? 1 : 9;
  for (std::uint64_t index = 0; index < call_count; index += step)
    for (const auto death : {FaultyDb::Death::before, FaultyDb::Death::after}) {
      SCOPED_TRACE(index);
      const auto db = fresh();
      FaultyDb faulty(*db);
      faulty.die(death, index);
      live(faulty, &faulty);
      live(*db, nullptr);
      EXPECT_EQ(attempts_in(*db), recount(all_));
      EXPECT_EQ(counts_in(*db), counted_in(*db));
      EXPECT_EQ(counts_in(*db), (Rows{"lantern-night|1|summer|1|0|3|30"}));
    }
}

}  // namespace
}  // namespace matsuri::checkin
