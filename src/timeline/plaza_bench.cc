// What the plaza costs with 7 000 titles and 300 000 posts of 50 000 people in a week: a scene
// (once a second at most), a page of it, a post; beside the one statement of SQL that would count
// the people of each title.
#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "base/assert.h"
#include "io/clock.h"
#include "sql/testing/engines.h"
#include "timeline/plaza.h"
#include "timeline/schema.h"

namespace matsuri::timeline {
namespace {

constexpr std::uint64_t title_count = 7'000, post_count = 300'000, people_count = 50'000;
constexpr std::int64_t first_ms = 1'790'000'000'000, pause_ms = 2'000;  // a post, in 600 000 s

// Most people gather in few titles.
std::uint64_t title_of(std::uint64_t post) {
  const std::uint64_t mixed = post * 0x9e3779b97f4a7c15U >> 33;
  return 1 + mixed % (1 + (mixed >> 8) % title_count);
}
std::uint64_t person_of(std::uint64_t post) {
  return 1 + (post * 0xbf58476d1ce4e5b9U >> 33) % people_count;
}
PostId id_of(std::uint64_t post) {
  return PostId{compose_id(
      {.unix_ms = first_ms + static_cast<std::int64_t>(post) * pause_ms, .node = Node{1}})};
}

// One community for each title, of the same number.
class Rules final : public CommunityRules {
 public:
  std::optional<CommunityRule> find(CommunityId community) const override {
    return CommunityRule{.post_kinds = post_kind_text, .plaza_title = TitleId{community.value}};
  }
};

class World {
 public:
  World() {
    sql::DbOptions options{.name = "timeline", .durability = sql::Durability::normal};
    options.sqlite_path = folder_.path() + "/timeline.sqlite";
    db_ = sql::Db::open(options).value();
    MATSURI_ASSERT(db_->migrate("timeline", migrations()).ok());
    MATSURI_ASSERT(db_->write_and_wait(fill).ok());
    MATSURI_ASSERT(
        db_->read_and_wait([this](sql::Connection& connection) { return plaza.load(connection); })
            .ok());
  }

  // Runs `body` as one read.
  template <class Body>
  bool read(Body body) {
    return db_->read_and_wait(body).ok();
  }

  Rules rules;
  io::ManualClock clock{first_ms};
  Plaza plaza{rules, clock};

 private:
  static Result<void> fill(sql::Connection& connection) {
    std::vector<sql::Value> values;
    for (std::uint64_t person = 1; person <= people_count; ++person)
      values.insert(values.end(), {person, 1, "handle", "Somebody"});
    TRY(connection.insert_rows("INSERT INTO author (id, rev, handle, name)", "", 4, values));
    values.clear();
    for (std::uint64_t title = 1; title <= title_count; ++title)
      values.insert(values.end(), {title, 1, title, 0, 0, 1, 0});
    TRY(connection.insert_rows(
        "INSERT INTO community (id, rev, title, kind, owner, post_kinds, who_posts)", "", 7,
        values));
    values.clear();
    for (std::uint64_t post = 0; post < post_count; ++post)
      values.insert(values.end(),
                    {id_of(post).value, title_of(post), person_of(post), 1,
                     "A few words, as long as those that people write about a game.", "en"});
    return connection.insert_rows("INSERT INTO post (id, community, author, rev, text, language)",
                                  "", 6, values);
  }

  sql::TemporaryFolder folder_;
  std::unique_ptr<sql::Db> db_;
};

World& world() {
  static World one;
  return one;
}

void scene(benchmark::State& state) {
  World& here = world();
  PlazaPage page;
  const bool is_read = here.read([&](sql::Connection& connection) -> Result<void> {
    for (auto _ : state) {
      here.clock.advance_ms(2 * plaza_fresh_ms + 1);
      TRY_ASSIGN(page, here.plaza.read(connection, here.plaza.now(), {}));
    }
    return {};
  });
  if (!is_read || page.titles.size() != plaza_title_count_default ||
      page.titles[0].posts.size() != plaza_post_count)
    state.SkipWithError("no full plaza");
}
BENCHMARK(scene)->Unit(benchmark::kMicrosecond);

// A visitor's, from memory.
void page(benchmark::State& state) {
  World& here = world();
  std::optional<PlazaPage> page;
  const bool is_read = here.read([&](sql::Connection& connection) -> Result<void> {
    TRY(here.plaza.read(connection, here.plaza.now(), {}));
    for (auto _ : state) page = here.plaza.find(plaza_title_count_default);
    return {};
  });
  if (!is_read || !page || page->titles.size() != plaza_title_count_default)
    state.SkipWithError("no full plaza");
}
BENCHMARK(page)->Unit(benchmark::kMicrosecond);

// The baseline: people of each title, for the order of the titles alone.
void counts_by_sql(benchmark::State& state) {
  World& here = world();
  std::map<std::uint64_t, std::uint64_t> counts;
  PlazaPage page;
  const bool is_read = here.read([&](sql::Connection& connection) -> Result<void> {
    for (auto _ : state)
      TRY(connection.query(
          "SELECT c.title, COUNT(DISTINCT p.author) FROM post p JOIN community c "
          "ON c.id = p.community WHERE p.id >= ? AND p.deleted = 0 GROUP BY c.title",
          {id_of(0).value}, [&](const sql::Row& row) { counts[row.id(0)] = row.id(1); }));
    TRY_ASSIGN(page, here.plaza.read(connection, here.plaza.now(), {}));
    return {};
  });
  if (!is_read) return state.SkipWithError("not read");
  for (const PlazaTitle& title : page.titles)
    if (counts[title.title.value] != title.people_count) state.SkipWithError("other counts");
}
BENCHMARK(counts_by_sql)->Unit(benchmark::kMicrosecond);

void post(benchmark::State& state) {
  World& here = world();
  constexpr std::uint64_t batch_count = 1024;
  std::uint64_t end = post_count;
  for (auto _ : state) {
    state.PauseTiming();
    stream::BatchResult result(0);
    for (const std::uint64_t first = end; end < first + batch_count; ++end)
      result.fact(PostPublished{.post = id_of(end),
                                .rev = 1,
                                .community = CommunityId{title_of(end)},
                                .author = AccountId{person_of(end)}},
                  0, {});
    state.ResumeTiming();
    here.plaza.committed(result);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_count));
}
// The last one: it changes the world.
BENCHMARK(post);

}  // namespace
}  // namespace matsuri::timeline
