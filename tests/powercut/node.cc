#include "node.h"

#include "account/schema.h"
#include "io/random.h"
#include "stream/rebuild.h"
#include "stream/retention.h"
#include "timeline/schema.h"

namespace matsuri::powercut {
namespace {

constexpr Region our_region{0};
constexpr matsuri::Node our_number{1};
constexpr std::uint64_t outbox_keep_count = 2;
// The smallest that libsodium takes: passwords are not what is tested here.
constexpr account::PasswordCost quick_cost{.memory_size = 8'192, .passes = 1};
// Small, so that the script rolls segments: four posts fit into one.
constexpr std::size_t batch_size_max = 4'096;
constexpr std::uint64_t segment_size = 4'096 + 32 + batch_size_max;

}  // namespace

Machine::Machine(const std::string& name, const Plants& planted)
    : plants(planted), journal_files(disk, plants), vfs(disk, name), vfs_name(name) {
  if (plants.no_sqlite_sync) vfs.swallow_syncs();
}

Node::~Node() {
  if (stream != nullptr) stream->stop();
}

Result<void> Node::start() {
  TRY(machine_.disk.make_folders("/data/db"));
  TRY_ASSIGN(signer, account::Signer::open(machine_.disk, "/data/keys", io::system_random()));
  TRY(open_databases());
  TRY(open_journal());
  hashers = std::make_unique<io::ThreadPool>(
      io::ThreadPoolOptions{.name = "password", .thread_count = 1, .queue_count_max = 64});
  standings = std::make_unique<account::Standings>(machine_.clock);
  accounts = std::make_unique<account::Accounts>(account::AccountsParts{.db = *main_db,
                                                                        .outbox = *main_outbox,
                                                                        .ids = *ids,
                                                                        .standings = *standings,
                                                                        .hashers = *hashers,
                                                                        .clock = machine_.clock,
                                                                        .cost = quick_cost});
  TRY(open_stream());
  TRY(stream->start());
  TRY(drain());
  return timeline_db->read_and_wait(
      [this](sql::Connection& connection) { return recent_keys.load(connection); });
}

Result<void> Node::open_databases() {
  const auto open = [&](const std::string& name, std::span<const sql::Migration> migrations,
                        std::unique_ptr<sql::Db>& db,
                        std::unique_ptr<stream::Outbox>& outbox) -> Result<void> {
    sql::DbOptions options;
    options.name = name;
    options.reader_count = 1;
    options.sqlite_path = "/data/db/" + name + ".sqlite";
    options.sqlite_vfs = machine_.vfs_name;
    TRY_ASSIGN(db, sql::Db::open(options));
    TRY(db->migrate(name, migrations));
    TRY_ASSIGN(outbox, stream::Outbox::open(*db, our_region, our_number, io::system_random()));
    return {};
  };
  TRY(open("main", account::migrations(), main_db, main_outbox));
  return open("timeline", timeline::migrations(), timeline_db, timeline_outbox);
}

Result<void> Node::open_journal() {
  TRY(machine_.disk.make_folders("/data/ids"));
  TRY_ASSIGN(ids, journal::IdMaker::open({.path = "/data/ids/node",
                                          .region = our_region,
                                          .node = our_number,
                                          .files = &machine_.disk,
                                          .clock = &machine_.clock}));
  TRY_ASSIGN(journal, journal::Writer::open({.folder = journal_folder,
                                             .region = our_region,
                                             .node = our_number,
                                             .segment_size = segment_size,
                                             .batch_body_size_max = batch_size_max,
                                             .files = &machine_.journal_files,
                                             .clock = &machine_.clock}));
  return {};
}

Result<void> Node::open_stream() {
  stream = std::make_unique<stream::Stream>(
      stream::StreamOptions{.batch_wait_ms = 20, .retry_ms_max = 20, .files = &machine_.disk});
  TRY(stream->add_journal(journal_folder, journal.get()));
  TRY(stream->add_outbox(*main_outbox));
  TRY(stream->add_outbox(*timeline_outbox));
  view_ = std::make_unique<FaultyView>(timeline_view_, machine_.plants);
  TRY(stream->add_view(*view_, *timeline_outbox));
  TRY_ASSIGN(const std::uint64_t main_offset, main_outbox->end_offset());
  const Position main_end{main_outbox->origin(), main_offset};
  TRY(main_db->read_and_wait(
      [this](sql::Connection& connection) { return standings->load(connection); }));
  stream->add_memory_view(*standings, {main_end});
  timeline = std::make_unique<timeline::Timeline>(timeline::TimelineParts{.writer = *journal,
                                                                          .ids = *ids,
                                                                          .stream = *stream,
                                                                          .keys = recent_keys,
                                                                          .rules = rules_,
                                                                          .clock = machine_.clock});
  return {};
}

Result<void> Node::drain() {
  for (int count = 0; count < 600; ++count) {
    if (stream->drain(50)) return {};
    if (machine_.disk.is_cut()) return Error(Code::io, "the power failed");
    for (const stream::ApplierStatus& status : stream->status()) {
      if (status.trouble.contains("records are lost"))
        return Error(Code::corrupt, "view " + status.view + ": " + status.trouble);
    }
  }
  return Error(Code::busy, "the views do not reach the end of the journal");
}

Result<void> Node::take_retention() {
  stream::SnapshotOptions options{
      .folder = "/data/snapshots", .keep_count = 1, .files = &machine_.disk};
  options.clock = &machine_.clock;
  TRY_ASSIGN(const stream::Snapshot taken, stream::take_snapshot(*timeline_outbox, options));
  TRY_ASSIGN(const std::vector<Position> droppable,
             stream::droppable(*stream, {{timeline_db.get(), taken}}));
  TRY(journal->drop_applied(droppable, 0));
  TRY_ASSIGN(const std::uint64_t end, timeline_outbox->end_offset());
  if (end > outbox_keep_count) TRY(timeline_outbox->drop(end - outbox_keep_count));
  return {};
}

}  // namespace matsuri::powercut
