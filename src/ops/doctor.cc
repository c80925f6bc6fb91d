#include "ops/doctor.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "account/credential.h"
#include "io/clock.h"
#include "io/random.h"
#include "journal/id_maker.h"
#include "journal/reader.h"
#include "model/event.h"
#include "ops/backup.h"
#include "ops/internal/findings.h"
#include "ops/internal/tables.h"

namespace matsuri::ops {
namespace {

using internal::Aside;
using internal::Findings;
using internal::TimelineSeen;

constexpr std::size_t read_count = 1024;
constexpr std::size_t read_size = std::size_t{1} << 20;

// Compares the records of all journals with what the timeline made of them.
class RecordCheck {
 public:
  RecordCheck(io::FileSystem& files, sql::Connection& connection, const TimelineSeen& seen,
              std::vector<std::uint64_t> outboxes, Findings& findings)
      : files_(files),
        connection_(connection),
        seen_(seen),
        outboxes_(std::move(outboxes)),
        findings_(findings) {}

  Result<std::uint64_t> run(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders) {
      const auto ranges = journal::list_ranges(files_, folder);
      if (!ranges.ok()) {
        findings_.add(ranges.error().message());
        is_whole_ = false;
        continue;
      }
      for (const journal::Range& range : ranges.value()) TRY(check_range(folder, range));
    }
    check_totals();
    return record_count_;
  }

 private:
  Result<void> check_range(const std::string& folder, const journal::Range& range) {
    is_whole_ = is_whole_ && range.first_offset == 1;
    const auto position = seen_.positions.find(range.origin);
    applied_ = position == seen_.positions.end() ? 0 : position->second;
    known_.push_back(range.origin);
    if (applied_ > range.end_offset)
      findings_.add("the timeline has read " + range.origin.to_string() + " up to " +
                    std::to_string(applied_) + ", and there are " +
                    std::to_string(range.end_offset) + " records");
    if (applied_ + 1 < range.first_offset)
      findings_.add("records " + std::to_string(applied_ + 1) + " to " +
                    std::to_string(range.first_offset - 1) + " of " + range.origin.to_string() +
                    " are no longer in the journal, and the timeline has not read them");
    if (range.end_offset < range.first_offset) return {};
    auto reader = journal::Reader::open(files_, folder, range.origin);
    if (!reader.ok()) {
      findings_.add(reader.error().message());
      return {};
    }
    std::vector<journal::StoredRecord> records;
    for (;;) {
      const auto read = reader.value()->read(range.end_offset, read_count, read_size, records);
      if (!read.ok()) {
        findings_.add(folder + ": " + read.error().message());
        is_whole_ = false;
        return {};
      }
      if (records.empty()) return {};
      for (const journal::StoredRecord& record : records) {
        ++record_count_;
        TRY(check_record({.origin = range.origin, .offset = record.offset}, record));
      }
    }
  }

  Result<void> check_record(const Position& position, const journal::StoredRecord& record) {
    const auto aside = seen_.asides.find(position);
    const bool is_aside = aside != seen_.asides.end();
    const auto event = decode(record.header.kind, record.payload);
    if (!event.ok()) {
      if (!is_aside)
        findings_.add("record " + position.to_string() + ": " + event.error().message());
      return {};
    }
    const auto* const post = std::get_if<PublishPost>(&event.value());
    if (post == nullptr) return {};
    ids_.push_back(record.header.id);
    if (post->post.value != record.header.id)
      findings_.add("record " + position.to_string() + " has an id of its own and another's");
    if (position.offset > applied_) {
      if (is_aside)
        findings_.add("record " + position.to_string() +
                      " has an outcome, and the timeline has not read it");
      return {};
    }
    return check_effect(position, *post, is_aside ? std::optional(aside->second) : std::nullopt);
  }

  Result<void> check_effect(const Position& position, const PublishPost& post,
                            std::optional<Aside> aside) {
    const std::string name =
        "record " + position.to_string() + " (post " + std::to_string(post.post.value) + ")";
    bool is_there = false, is_equal = false;
    TRY(connection_.query(
        "SELECT author, community, language, parent, text, rev, deleted FROM post WHERE id = ?",
        {post.post.value}, [&](const sql::Row& row) {
          is_there = true;
          // What was edited or deleted says something else by now.
          const bool is_changed = row.id(5) != 1 || row.integer(6) != 0;
          is_equal = row.id(0) == post.author.value && row.id(1) == post.community.value &&
                     row.text(2) == post.language && row.id(3) == post.parent.value &&
                     (is_changed || row.text(4) == post.text);
        }));
    if (is_there) ++in_effect_count_;
    if (is_there && !is_equal) findings_.add(name + " is another post in the timeline");
    if (is_there && aside) findings_.add(name + " is in the timeline, and refused or set aside");
    if (is_there || aside) return {};
    // Somebody imported it twice: the first one counts.
    if (!post.import_source.empty()) {
      const std::string source = post.import_source + ':' + post.import_source_id;
      TRY_ASSIGN(
          const auto first,
          connection_.integer("SELECT post FROM imported_post WHERE source_key = ?", {source}));
      if (first) return {};
    }
    findings_.add(name + " was applied, and is nowhere: no post, no refusal, not in quarantine");
    return {};
  }

  void check_totals() {
    std::ranges::sort(ids_);
    for (auto same = std::ranges::adjacent_find(ids_); same != ids_.end();
         same = std::ranges::adjacent_find(std::next(same), ids_.end()))
      findings_.add("two records have the id " + std::to_string(*same));
    // Posts of records that retention has dropped can't be counted.
    for (const auto& [origin, offset] : seen_.positions)
      if (offset != 0 && std::ranges::find(known_, origin) == known_.end() && !is_outbox(origin))
        is_whole_ = false;
    if (is_whole_ && in_effect_count_ != seen_.post_ids.size())
      findings_.add("the timeline has " + std::to_string(seen_.post_ids.size()) +
                    " posts, and the journals have records for " +
                    std::to_string(in_effect_count_));
  }

  // Facts make no posts. An outbox's earlier incarnations look like a journal's: then not all is
  // known.
  bool is_outbox(const Origin& origin) const {
    return std::ranges::find(outboxes_, origin.incarnation) != outboxes_.end();
  }

  io::FileSystem& files_;
  sql::Connection& connection_;
  const TimelineSeen& seen_;
  const std::vector<std::uint64_t> outboxes_;  // incarnations, but the timeline's own
  Findings& findings_;
  std::uint64_t applied_ = 0;
  std::uint64_t record_count_ = 0;
  std::uint64_t in_effect_count_ = 0;
  std::vector<std::uint64_t> ids_;
  std::vector<Origin> known_;
  bool is_whole_ = true;
};

class Doctor {
 public:
  explicit Doctor(const DoctorOptions& options) : options_(options), files_(*options.files) {}

  Result<Diagnosis> run() {
    TRY_ASSIGN(const auto retained, retain(files_, options_.data));
    TRY_ASSIGN(const bool restoring, is_restoring(files_, options_.data));
    if (restoring) {
      findings_.add("a restore into " + options_.data + " did not come to its end");
      return finish();
    }
    TRY(check_keys());
    TRY_ASSIGN(const auto timeline_db, open(options_.timeline));
    TRY_ASSIGN(const auto main_db, open(options_.main));
    if (!timeline_db || !main_db) return finish();
    for (sql::Db* db : {timeline_db.get(), main_db.get()})
      TRY(read(*db, [&](sql::Connection& connection) {
        return internal::check_engine(connection, db->name(), findings_);
      }));
    internal::GrantCheck grants;
    for (const sql::DbOptions& other : options_.others)
      if (other.name == "checkin")
        TRY(read_tables(other, [&](sql::Connection& connection) -> Result<void> {
          TRY(internal::read_checkin_times(connection, io::system_clock().unix_ms(), findings_));
          return grants.read_checkins(connection, findings_);
        }));
    for (const sql::DbOptions& shard : options_.shards)
      TRY(read_tables(shard,
                      [&](sql::Connection& connection) { return grants.read_shard(connection); }));
    grants.compare(findings_);
    // Before those whose facts they read.
    for (const sql::DbOptions& shard : options_.shards)
      TRY(read_other(shard, internal::read_shard));
    for (const sql::DbOptions& other : options_.others) TRY(read_other(other));
    if (options_.board)
      TRY(read_tables(*options_.board, [&](sql::Connection& connection) {
        return internal::read_boards(connection, options_.board->name, findings_);
      }));
    if (options_.analytics)
      TRY(read_tables(*options_.analytics, [&](sql::Connection& connection) {
        return internal::read_analytics(connection, options_.analytics->name, findings_);
      }));
    TRY(check_tables(*timeline_db, *main_db));
    check_others();
    return finish();
  }

 private:
  Result<Diagnosis> finish() {
    diagnosis_.findings = findings_.take();
    return std::move(diagnosis_);
  }

  Result<void> check_keys() {
    const std::string folder = options_.data + "/keys";
    const std::string path = folder + "/session.keys";
    TRY_ASSIGN(const bool exists, files_.exists(path));
    if (!exists) {
      findings_.add(path +
                    " is missing: the next start makes a new key, and everybody signs in again");
      return {};
    }
    const auto signer = account::Signer::open(files_, folder, io::system_random());
    if (!signer.ok()) findings_.add(path + ": " + signer.error().message());
    std::error_code error;
    const auto mode = std::filesystem::status(path, error).permissions();
    if (!error && (mode & (std::filesystem::perms::group_all |
                           std::filesystem::perms::others_all)) != std::filesystem::perms::none)
      findings_.add(path + " can be read by others: chmod 600");
    return {};
  }

  // Nothing where there is no such database: opening would make it.
  Result<std::unique_ptr<sql::Db>> open(const sql::DbOptions& database) {
    if (database.engine == sql::Engine::sqlite) {
      TRY_ASSIGN(const bool exists, files_.exists(database.sqlite_path));
      if (!exists) {
        findings_.add(database.sqlite_path + " is missing");
        return std::unique_ptr<sql::Db>();
      }
    }
    auto db = sql::Db::open(database);
    if (db.ok() || db.error().code() != Code::corrupt) return db;
    findings_.add(db.error().message());
    return std::unique_ptr<sql::Db>();
  }

  // A damaged database is a finding, whatever was asked of it.
  Result<void> read(sql::Db& db, const std::function<Result<void>(sql::Connection&)>& body) {
    Result<void> done =
        db.read_and_wait([&](sql::Connection& connection) { return body(connection); });
    if (done.ok() || done.error().code() != Code::corrupt) return done;
    findings_.add(db.name() + ": " + done.error().message());
    return {};
  }

  // What there is to see in a database beside what all have.
  using ReadMore = Result<void> (*)(sql::Connection&, const std::string& name, Findings&);

  // Nothing where it is not there yet.
  Result<void> read_tables(const sql::DbOptions& options,
                           const std::function<Result<void>(sql::Connection&)>& body) {
    if (options.engine == sql::Engine::sqlite) {
      TRY_ASSIGN(const bool exists, files_.exists(options.sqlite_path));
      if (!exists) return {};
    }
    TRY_ASSIGN(const auto db, open(options));
    if (!db) return {};
    TRY(read(*db, [&](sql::Connection& connection) {
      return internal::check_engine(connection, db->name(), findings_);
    }));
    return read(*db, [&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const auto tables,
                 connection.integer(connection.engine() == sql::Engine::sqlite
                                        ? "SELECT COUNT(*) FROM sqlite_master"
                                        : "SELECT COUNT(*) FROM information_schema.tables WHERE "
                                          "table_schema = DATABASE()"));
      return tables.value_or(0) == 0 ? Result<void>() : body(connection);
    });
  }

  Result<void> read_other(const sql::DbOptions& options, ReadMore read_more = nullptr) {
    return read_tables(options, [&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(auto seen, internal::read_other(connection, options.name, findings_));
      note_end({.incarnation = seen.outbox.incarnation}, seen.outbox.end_offset);
      others_.push_back(std::move(seen));
      return read_more == nullptr ? Result<void>() : read_more(connection, options.name, findings_);
    });
  }

  void note_end(const Origin& origin, std::uint64_t offset) { ends_[origin.incarnation] = offset; }

  // Origins that are gone, or belong to a life before a restore, can't be compared with.
  void check_others() {
    const auto folders = journal_folders(files_, options_.data);
    if (!folders.ok()) return;
    for (const std::string& folder : folders.value()) {
      const auto ranges = journal::list_ranges(files_, folder);
      if (!ranges.ok()) continue;  // found already
      for (const journal::Range& range : ranges.value()) note_end(range.origin, range.end_offset);
    }
    for (const internal::OtherSeen& other : others_)
      for (const Position& position : other.positions) {
        const auto end = ends_.find(position.origin.incarnation);
        if (end == ends_.end() || position.offset <= end->second) continue;
        findings_.add(other.name + " has read " + position.origin.to_string() + " up to " +
                      std::to_string(position.offset) + ", and there are " +
                      std::to_string(end->second) + " records");
      }
  }

  Result<void> check_tables(sql::Db& timeline_db, sql::Db& main_db) {
    std::optional<TimelineSeen> timeline;
    std::optional<internal::MainSeen> main;
    TRY_ASSIGN(const std::vector<std::string> folders, journal_folders(files_, options_.data));
    std::vector<std::uint64_t> outboxes;
    for (const internal::OtherSeen& other : others_) outboxes.push_back(other.outbox.incarnation);
    TRY(read(main_db, [&](sql::Connection& connection) {
      return connection.query("SELECT incarnation FROM stream_origin WHERE slot = 1", {},
                              [&](const sql::Row& row) { outboxes.push_back(row.id(0)); });
    }));
    TRY(read(timeline_db, [&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(timeline, internal::read_timeline(connection, findings_));
      RecordCheck records(files_, connection, *timeline, outboxes, findings_);
      TRY_ASSIGN(diagnosis_.record_count, records.run(folders));
      return {};
    }));
    TRY(read(main_db, [&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(main, internal::read_main(connection, findings_));
      return internal::read_points(connection, main_db.name(), findings_);
    }));
    if (!timeline || !main) return {};
    note_end({.incarnation = timeline->outbox.incarnation}, timeline->outbox.end_offset);
    note_end({.incarnation = main->outbox.incarnation}, main->outbox.end_offset);
    internal::compare(*main, *timeline, findings_);
    check_ceiling(*main, *timeline);
    diagnosis_.post_count = timeline->post_ids.size();
    diagnosis_.account_count = main->accounts.size();
    return {};
  }

  // Where an id of this node is at or above the ceiling, the next start could make it again. Read
  // after the tables, so that a maker beside us is only farther ahead.
  void check_ceiling(const internal::MainSeen& main, const TimelineSeen& timeline) {
    const auto ranges = journal::list_ranges(files_, options_.data + "/journal/main");
    if (!ranges.ok() || ranges->empty()) return;
    const Node own = ranges->back().origin.node;
    std::int64_t newest_ms = 0;
    const auto look = [&](std::uint64_t id) {
      const IdParts parts = parts_of(id);
      if (parts.node == own) newest_ms = std::max(newest_ms, parts.unix_ms);
    };
    for (const std::uint64_t id : timeline.post_ids) look(id);
    for (const std::uint64_t id : main.other_ids) look(id);
    for (const auto& [id, account] : main.accounts) look(id);
    const auto ceiling_ms = journal::read_id_ceiling(files_, options_.data + "/ids/node");
    if (!ceiling_ms.ok())
      findings_.add(ceiling_ms.error().message());
    else if (newest_ms >= *ceiling_ms)
      findings_.add("there are ids above the ceiling in ids/node: they could be made again");
  }

  const DoctorOptions& options_;
  io::FileSystem& files_;
  Findings findings_;
  Diagnosis diagnosis_;
  std::vector<internal::OtherSeen> others_;
  std::map<std::uint64_t, std::uint64_t> ends_;  // of origins, by their incarnation
};

}  // namespace

Result<Diagnosis> examine(const DoctorOptions& options) {
  return within("doctor", Doctor(options).run());
}

}  // namespace matsuri::ops
