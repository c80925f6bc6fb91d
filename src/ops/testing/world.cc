#include "ops/testing/world.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "account/credential.h"
#include "account/schema.h"
#include "base/assert.h"
#include "community/schema.h"
#include "io/random.h"
#include "timeline/schema.h"

namespace matsuri::ops::testing {
namespace {

template <class T>
T must(Result<T> result) {
  MATSURI_ASSERT(result.ok(), result.ok() ? "" : result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::unique_ptr<stream::Outbox> open_outbox(sql::Db& db, Node node) {
  return must(stream::Outbox::open(db, Region{0}, node, io::system_random()));
}

// A crowd may outrun the thread that allocates segments, and a slow disk anybody: then it is asked
// again, as a client would.
Position append(journal::Writer& journal, const RecordHeader& header, Bytes payload) {
  for (;;) {
    const Result<Position> position = journal.append_and_wait(header, payload);
    if (position.ok() || position.error().code() != Code::busy) return must(position);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// As append(): the reservation of ids grows by a thread, and a sync, of its own.
std::uint64_t next_id(journal::IdMaker& ids) {
  for (;;) {
    const Result<std::uint64_t> id = ids.next();
    if (id.ok() || id.error().code() != Code::busy) return must(id);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

World::World(const Place& where)
    : place(where),
      hashers({.name = "password", .thread_count = 1, .queue_count_max = 8}),
      standings(io::system_clock()) {
  io::FileSystem& files = io::posix_files();
  must(files.make_folders(place.data + "/db"));
  must(files.make_folders(place.data + "/ids"));
  must(account::Signer::open(files, place.data + "/keys", io::system_random()));
  main_db = must(sql::Db::open(place.main));
  must(main_db->migrate("main", account::migrations()));
  must(main_db->migrate("community", community::migrations()));
  timeline_db = must(sql::Db::open(place.timeline));
  must(timeline_db->migrate("timeline", timeline::migrations()));
  main_outbox = open_outbox(*main_db, place.node);
  timeline_outbox = open_outbox(*timeline_db, place.node);
  ids = must(journal::IdMaker::open({.path = place.data + "/ids/node", .node = place.node}));
  const std::string folder = place.data + "/journal/main";
  must(files.make_folders(folder));
  journal = must(journal::Writer::open({.folder = folder,
                                        .node = place.node,
                                        .segment_size = std::uint64_t{1} << 20,
                                        .batch_body_size_max = std::size_t{1} << 18}));
  accounts = std::make_unique<account::Accounts>(
      account::AccountsParts{.db = *main_db,
                             .outbox = *main_outbox,
                             .ids = *ids,
                             .standings = standings,
                             .hashers = hashers,
                             .clock = io::system_clock(),
                             .cost = {.memory_size = 8192, .passes = 1}});
  set_applying(true);
}

World::~World() { set_applying(false); }

void World::set_applying(bool applying) {
  stream.reset();
  if (!applying) return;
  stream = std::make_unique<stream::Stream>(
      stream::StreamOptions{.batch_wait_ms = 20, .retry_ms_max = 50});
  for (const std::string& folder : must(journal_folders(io::posix_files(), place.data)))
    must(stream->add_journal(folder, folder.ends_with("/main") ? journal.get() : nullptr));
  must(stream->add_outbox(*main_outbox));
  must(stream->add_outbox(*timeline_outbox));
  must(stream->add_view(view, *timeline_outbox));
  must(stream->start());
}

void World::drain() { MATSURI_ASSERT(stream->drain(30'000)); }

bool World::has_passed(const Position& position) const {
  PositionSet set;
  set.raise(position);
  return stream->has_passed(set);
}

AccountId World::person(const std::string& handle) {
  auto made = must(accounts->import({{.source = "test",
                                      .source_id = handle,
                                      .handle = handle,
                                      .name = "Person " + handle,
                                      .id = AccountId{next_id(*ids)}}}));
  return must(std::move(made.at(0)));
}

World::Posted World::post(AccountId author, const std::string& text, std::uint64_t key) {
  RecordHeader header{.id = next_id(*ids),
                      .unix_ms = io::system_clock().unix_ms(),
                      .account = author,
                      .kind = EventKind::publish_post};
  store(std::span(header.key.bytes), 0, key);
  const PublishPost event{.post = PostId{header.id},
                          .community = common_ground,
                          .author = author,
                          .text = text,
                          .language = "en"};
  return {.post = event.post, .position = append(*journal, header, as_bytes(encode(event)))};
}

Position World::post_poison(AccountId author) {
  const RecordHeader header{.id = next_id(*ids),
                            .unix_ms = io::system_clock().unix_ms(),
                            .account = author,
                            .kind = EventKind::publish_post};
  return append(*journal, header, as_bytes("no event"));
}

std::vector<std::string> World::texts() {
  std::vector<std::string> texts;
  must(timeline_db->read_and_wait([&](sql::Connection& connection) {
    texts.clear();
    return connection.query("SELECT text FROM post", {},
                            [&](const sql::Row& row) { texts.emplace_back(row.text(0)); });
  }));
  std::ranges::sort(texts);
  return texts;
}

Place WorldTest::fresh_place(const std::string& name) {
  const std::string data = folder() + "/" + name;
  Place place{.data = data, .main = fresh_options("main"), .timeline = fresh_options("timeline")};
  place.main.name = "main";
  place.timeline.name = "timeline";
  place.main.sqlite_path = data + "/db/main.sqlite";
  place.timeline.sqlite_path = data + "/db/timeline.sqlite";
  return place;
}

BackupSummary WorldTest::back_up(World& world, const std::string& to) {
  return must(take_backup({.data = world.place.data,
                           .to = to,
                           .databases = {world.timeline_db.get(), world.main_db.get()},
                           .node = world.place.node}));
}

Place WorldTest::restore(const std::string& from, const std::string& name,
                         std::optional<Node> node) {
  Place place = fresh_place(name);
  const Restored restored = must(restore_backup({.from = from,
                                                 .data = place.data,
                                                 .databases = {place.main, place.timeline},
                                                 .node = node,
                                                 .segment_size = std::uint64_t{1} << 20}));
  place.node = restored.node;
  return place;
}

std::vector<std::string> WorldTest::findings(const Place& place) {
  return must(examine({.data = place.data, .main = place.main, .timeline = place.timeline}))
      .findings;
}

}  // namespace matsuri::ops::testing
