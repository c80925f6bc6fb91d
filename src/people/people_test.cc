// Goal: the copy holds the newest of what main said, in whatever order, and says who is hidden.
#include <algorithm>
#include <random>

#include "base/assert.h"
#include "people/apply.h"
#include "people/query.h"
#include "people/schema.h"
#include "sql/testing/engines.h"

namespace matsuri::people {
namespace {

constexpr AccountId mio{11}, ken{22}, rin{33};

stream::Record record_of(Event event) {
  stream::Record record;
  record.header.kind = kind_of(event);
  record.event = std::move(event);
  return record;
}

class PeopleTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (IsSkipped()) return;
    db_ = open();
    MATSURI_ASSERT(db_->migrate("people", migrations()).ok());
  }
  void take(const std::vector<Event>& events) {
    std::vector<stream::Record> records;
    for (const Event& event : events) records.push_back(record_of(event));
    MATSURI_ASSERT(db_->write_and_wait([&](sql::Connection& connection) {
                        return people::apply(connection, records);
                      })
                       .ok());
  }
  // Who of the three is hidden from the viewer.
  std::vector<AccountId> hidden_from(AccountId viewer) {
    std::vector<AccountId> hidden_ids;
    MATSURI_ASSERT(db_->read_and_wait([&](sql::Connection& connection) {
                        hidden_ids.clear();
                        return connection.query(
                            "SELECT p.id FROM person p WHERE " + hidden("p.id") + " ORDER BY p.id",
                            {viewer.value, viewer.value, viewer.value}, [&](const sql::Row& row) {
                              hidden_ids.push_back(AccountId{row.id(0)});
                            });
                      })
                       .ok());
    return hidden_ids;
  }
  std::optional<Person> named(std::string_view handle) {
    std::optional<Person> person;
    MATSURI_ASSERT(db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                        TRY_ASSIGN(person, find_person(connection, handle));
                        return {};
                      })
                       .ok());
    return person;
  }
  std::unique_ptr<sql::Db> db_;
};
MATSURI_FOR_EACH_ENGINE(PeopleTest);

TEST_P(PeopleTest, TheNewestRevisionHoldsWhateverTheOrder) {
  std::vector<Event> facts;
  for (std::uint64_t rev = 1; rev <= 4; ++rev)
    facts.push_back(
        AccountChanged{.account = mio,
                       .rev = rev,
                       .handle = "mio",
                       .name = "Mio " + std::to_string(rev),
                       .face = ~std::uint64_t{0} - rev,
                       .empathies_shown_to = rev % 2 == 0 ? Audience::nobody : Audience::everyone});
  const Person newest{.id = mio,
                      .handle = "mio",
                      .name = "Mio 4",
                      .face = ~std::uint64_t{0} - 4,
                      .empathies_shown_to = Audience::nobody};
  std::mt19937 random(5);
  for (int round = 0; round < 5; ++round) {
    std::ranges::shuffle(facts, random);
    take({facts.begin(), facts.begin() + 2});
    take(facts);
    EXPECT_EQ(named("mio"), newest);
  }
  EXPECT_EQ(named("nobody"), std::nullopt);
}

TEST_P(PeopleTest, BlocksHideBothAndMutesOne) {
  for (const AccountId account : {mio, ken, rin})
    take({AccountChanged{
        .account = account, .rev = 1, .handle = "h" + account.to_string(), .name = "n"}});
  using Ids = std::vector<AccountId>;
  take({BlockChanged{mio, ken, 1, true}, MuteChanged{ken, rin, 1, true}});
  EXPECT_EQ(hidden_from(mio), Ids{ken});
  EXPECT_EQ(hidden_from(ken), (Ids{mio, rin}));
  EXPECT_EQ(hidden_from(rin), Ids{});
  EXPECT_EQ(hidden_from({}), Ids{});
  take({BlockChanged{mio, ken, 2, false}, BlockChanged{mio, ken, 1, true},
        MuteChanged{ken, rin, 2, false}, MuteChanged{ken, rin, 1, true}});
  for (const AccountId account : {mio, ken, rin}) EXPECT_EQ(hidden_from(account), Ids{});
}

}  // namespace
}  // namespace matsuri::people
