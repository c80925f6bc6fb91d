// Goal: wherever a crash stops at, each record has its effect once: the view, its facts, its
// refusals and its quarantine are what applying all records in one go gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <set>
#include <tuple>

#include "stream/testing/faulty_db.h"
#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

std::uint64_t seed() {
  const char* text = std::getenv("MATSURI_SEED");
  const std::uint64_t value =
      text ? std::strtoull(text, nullptr, 10) : io::system_random().next_u32();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(value));
  return value;
}

// Records of every fate: new, known by key or id, refused, broken, another's.
std::vector<journal::Writer::Entry> script(io::Random& random, std::size_t count,
                                           bool with_poison) {
  std::vector<journal::Writer::Entry> entries;
  for (std::uint64_t id = 1; id <= count; ++id) {
    const std::uint64_t dice = random.next_u64() % 12;
    if (dice == 0)
      entries.push_back(toy_other(id));
    else if (dice == 1)
      entries.push_back(toy_post(1 + random.next_u64() % id, "an id again"));
    else if (dice == 2)
      entries.push_back(toy_post(id, "a key again", 1 + random.next_u64() % id));
    else if (dice == 3)
      entries.push_back(toy_post(id, "refuse this"));
    else if (with_poison && (dice == 4 || id == count / 2))
      entries.push_back(toy_post(id, "poison"));
    else
      entries.push_back(toy_post(id, "post " + std::to_string(id), id));
  }
  return entries;
}

// All that the toy writes and stream beside it.
struct Outcomes {
  std::vector<std::string> rows, facts, refusals, quarantined, positions;
  bool operator==(const Outcomes&) const = default;
  friend void PrintTo(const Outcomes& outcomes, std::ostream* out) {
    for (const auto* list : {&outcomes.rows, &outcomes.facts, &outcomes.refusals,
                             &outcomes.quarantined, &outcomes.positions})
      *out << ::testing::PrintToString(*list) << '\n';
  }
};

// The plain recomputation: the toy's rules (testing/toy.h), one record after the other.
Outcomes recompute(const std::vector<journal::Writer::Entry>& entries) {
  Outcomes expected;
  std::set<std::uint64_t> ids;
  std::set<IdempotencyKey> keys;
  const auto is_known = [&](const RecordHeader& header) {
    if (header.key && !keys.insert(header.key).second) return true;
    return !ids.insert(header.id).second;
  };
  std::uint64_t offset = 0;
  for (const journal::Writer::Entry& entry : entries) {
    const std::string at = std::to_string(++offset);
    if (entry.header.kind != EventKind::publish_post) continue;
    const Event event = decode(entry.header.kind, as_bytes(entry.payload)).value();
    const std::string& text = std::get<PublishPost>(event).text;
    const std::string id = std::to_string(entry.header.id);
    if (text.starts_with("refuse")) {
      expected.refusals.push_back(at + "|" + id + "|4|said so: " + text);
      expected.facts.push_back("41|" + id);
    } else if (text.starts_with("poison")) {
      expected.quarantined.push_back(at + "|" + id);
    } else if (is_known(entry.header)) {
      if (entry.header.key) expected.refusals.push_back(at + "|" + id + "|0|");
    } else {
      expected.rows.push_back(std::to_string(expected.rows.size() + 1) + "|" + id + "|" + text);
      expected.facts.push_back("40|" + id);
    }
  }
  expected.positions.push_back("toy|" + std::to_string(offset));
  return expected;
}

// As recompute(), from the database. A batch tells its refusals after its posts, so facts are put
// in order before they are compared; that their offsets have no gap is looked at here.
Outcomes read_outcomes(sql::Db& db) {
  EXPECT_EQ(number_of(db, "SELECT COUNT(*) FROM outbox"),
            number_of(db, "SELECT COALESCE(MAX(at_offset), 0) FROM outbox"));
  return {
      .rows = rows_of(db, "SELECT place, id, body FROM toy ORDER BY place"),
      .facts = rows_of(db, "SELECT kind, subject_id FROM outbox ORDER BY kind, subject_id"),
      .refusals = rows_of(
          db, "SELECT at_offset, resource_id, code, reason FROM refusal ORDER BY at_offset"),
      .quarantined = rows_of(db, "SELECT at_offset, record_id FROM quarantine ORDER BY at_offset"),
      .positions = rows_of(db, "SELECT view_name, at_offset FROM view_position")};
}

void sort_facts(Outcomes& outcomes) {
  const auto order = [](const std::string& fact) {
    return std::tuple(fact.substr(0, 2), std::stoull(fact.substr(3)));
  };
  std::ranges::sort(outcomes.facts, {}, order);
}

class CrashTest : public StreamTest {
 protected:
  static constexpr std::size_t batch_count = 5;

  void prepare(bool with_poison) {
    io::SeededRandom random(seed());
    store_ = open_store(fresh_options());
    writer_ = open_writer();
    entries_ = script(random, 18, with_poison);
    ASSERT_TRUE(append(*writer_, entries_).ok());
    expected_ = recompute(entries_);
    sort_facts(expected_);
  }

  void forget_all() {
    const Result<void> done =
        store_.db->write_and_wait([](sql::Connection& connection) -> Result<void> {
          for (const char* table :
               {"toy", "toy_key", "outbox", "refusal", "quarantine", "view_position"})
            TRY(connection.execute(std::string("DELETE FROM ") + table));
          TRY(connection.execute("UPDATE stream_counter SET amount = 0"));
          return {};
        });
    ASSERT_TRUE(done.ok());
  }

  // One life of the process, to the end of the records or of itself. Gives the calls that it made.
  std::uint64_t live(sql::Db& db, const FaultyDb* faulty) {
    const auto outbox = Outbox::open(db, Region{0}, Node{1}, io::system_random()).value();
    ToyView view;
    StreamOptions small = options();
    small.batch_count_max = batch_count;
    small.metrics = nullptr;
    Stream stream(small);
    EXPECT_TRUE(stream.add_journal(journal_folder(), writer_.get()).ok());
    EXPECT_TRUE(stream.add_view(view, *outbox).ok());
    EXPECT_TRUE(stream.start().ok());
    PositionSet end;
    end.raise(Position{.origin = writer_->origin(), .offset = entries_.size()});
    EXPECT_TRUE(soon([&] { return (faulty && faulty->is_dead()) || stream.has_passed(end); }));
    EXPECT_TRUE(identity_holds(status_of(stream, "toy")));
    stream.stop();
    return faulty ? faulty->call_count() : 0;
  }

  // Dies once at `index`, then lives on. Whether all is as expected afterwards.
  bool survives(FaultyDb::Death death, std::uint64_t index, bool positions_apart) {
    forget_all();
    FaultyDb faulty(*store_.db);
    faulty.die(death, index);
    if (positions_apart) faulty.move_positions_apart();
    live(faulty, &faulty);
    live(*store_.db, nullptr);
    return read_outcomes(*store_.db) == expected_;
  }

  // Dies at every call in turn; gives how often the outcome was wrong.
  std::uint64_t count_broken(bool positions_apart) {
    forget_all();
    FaultyDb counting(*store_.db);
    const std::uint64_t call_count = live(counting, &counting);
    EXPECT_EQ(read_outcomes(*store_.db), expected_);
    EXPECT_GT(call_count, 40U);
    // A run takes MariaDB four times as long: there, every third call.
    const std::uint64_t step = GetParam() == sql::Engine::sqlite ? 1 : 3;
    std::uint64_t broken = 0;
    for (std::uint64_t index = 0; index < call_count; index += step) {
      for (const FaultyDb::Death death : {FaultyDb::Death::before, FaultyDb::Death::after}) {
        const bool good = survives(death, index, positions_apart);
        broken += good ? 0 : 1;
        if (!good && !positions_apart) {
          ADD_FAILURE() << "died " << (death == FaultyDb::Death::before ? "before" : "after")
                        << " call " << index;
          EXPECT_EQ(read_outcomes(*store_.db), expected_);
        }
      }
    }
    return broken;
  }

  Store store_;
  std::unique_ptr<journal::Writer> writer_;
  std::vector<journal::Writer::Entry> entries_;
  Outcomes expected_;
};
MATSURI_FOR_EACH_ENGINE(CrashTest);

TEST_P(CrashTest, GivesEachRecordItsEffectOnceWhereverItDies) {
  prepare(true);
  EXPECT_EQ(count_broken(false), 0U);
}

// The test above proves something only if a position outside the transaction turns it red.
TEST_P(CrashTest, FindsPositionsThatAreMovedOutsideTheTransaction) {
  prepare(false);
  EXPECT_GT(count_broken(true), 0U);
}

// A client that got no answer asks again, with the same key and, as exec makes a new one, another
// id. `with_key` false plants the bug that exec leaves the key out of the record. Gives the
// commands that had their effect other than once.
std::uint64_t count_doubled(Store& store, journal::Writer& writer, const std::string& folder,
                            const StreamOptions& options, bool with_key) {
  constexpr std::uint64_t command_count = 30;
  io::SeededRandom random(seed());
  std::uint64_t id = 0;
  for (std::uint64_t command = 1; command <= command_count; ++command) {
    const std::uint64_t attempts = 1 + random.next_u64() % 3;
    for (std::uint64_t attempt = 0; attempt < attempts; ++attempt)
      EXPECT_TRUE(append(writer, {toy_post(++id, "command " + std::to_string(command),
                                           with_key ? command : 0)})
                      .ok());
  }
  ToyView view;
  Stream stream(options);
  EXPECT_TRUE(stream.add_journal(folder, &writer).ok());
  EXPECT_TRUE(stream.add_view(view, *store.outbox).ok());
  EXPECT_TRUE(stream.start().ok());
  EXPECT_TRUE(stream.drain(drain_ms));
  EXPECT_TRUE(identity_holds(status_of(stream, "toy")));
  const auto once = rows_of(*store.db, "SELECT body FROM toy GROUP BY body HAVING COUNT(*) = 1");
  return command_count - once.size();
}

class RetryTest : public StreamTest {};
MATSURI_FOR_EACH_ENGINE(RetryTest);

TEST_P(RetryTest, GivesACommandItsEffectOnceHoweverOftenItIsSent) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  EXPECT_EQ(count_doubled(store, *writer, journal_folder(), options(), true), 0U);
}

// The test above proves something only if a record without its key turns it red.
TEST_P(RetryTest, FindsRecordsThatLackTheirKey) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  EXPECT_GT(count_doubled(store, *writer, journal_folder(), options(), false), 0U);
}

}  // namespace
}  // namespace matsuri::stream::testing
