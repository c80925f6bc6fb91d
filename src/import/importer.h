// Brings people, and what they made, from files into Matsuri, with their own times;
// docs/formats/import.md is the contract.
//
// The key (source, kind, id) of each line decides: people, titles and communities by main's tables
// imported_…, in the strict transaction that makes them; posts and comments by timeline's table
// imported_post, follows and empathies by what they say, where they are applied. So an import needs
// no memory of its own: whatever ended the last one, reading the same files again goes on where it
// was.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "account/apply.h"
#include "account/exec.h"
#include "base/result.h"
#include "community/directory.h"
#include "community/exec.h"
#include "import/line.h"
#include "io/clock.h"
#include "io/file.h"
#include "journal/writer.h"
#include "model/ids.h"
#include "sql/db.h"
#include "stream/stream.h"

namespace matsuri::imports {

// What became of the lines.
struct Summary {
  std::uint64_t line_count = 0;  // read, blank ones not counted
  // Taken now:
  std::uint64_t user_count = 0;
  std::uint64_t title_count = 0;
  std::uint64_t community_count = 0;
  std::uint64_t post_count = 0;
  std::uint64_t comment_count = 0;
  std::uint64_t follow_count = 0;
  std::uint64_t empathy_count = 0;
  std::uint64_t known_count = 0;  // in effect from before: of an earlier import, or a line above
  std::uint64_t made_handle_count = 0;                         // of the users taken now
  std::array<std::uint64_t, refusal_code_count> refused = {};  // by RefusalCode
  std::uint64_t quarantined_count = 0;  // of what was taken now: `matsuri requeue` shows why
  bool is_complete = false;             // false: the observer ended it

  std::uint64_t refused_count() const;
};

enum class Stage : std::uint8_t {
  catching_up,  // applying what an import before this one left
  reading,
  applying,  // all is read and durable
};

struct Progress {
  Stage stage = Stage::reading;
  std::string file;             // that is read
  std::uint64_t size_done = 0;  // bytes, of all files
  std::uint64_t size_total = 0;
  Summary summary;              // so far
  std::uint64_t lag_count = 0;  // records and facts that wait for an applier
  std::string trouble;          // why an applier does not move just now; empty while it does
};

// Who is told, on the thread of run().
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void refused(const std::string& file, std::uint64_t line, const Refusal& refusal) = 0;
  // After each batch of lines, and some times a second while it waits.
  virtual void progressed(const Progress& progress) = 0;
  // True ends the import as soon as what is under way is durable.
  virtual bool wants_stop() = 0;
};

struct ImporterParts {
  account::Accounts& accounts;
  const account::Standings& standings;
  community::Communities& communities;
  const community::CommunityDirectory& directory;
  sql::Db& main_db;
  sql::Db& timeline_db;
  sql::Db& empathy_db;
  journal::Writer& journal;  // of import_node; `stream` follows it
  stream::Stream& stream;    // started
  io::Clock& clock;
  Region region{};
  io::FileSystem* files = &io::posix_files();
};

// How much is under way at once. Tests take less, to meet the bounds.
struct ImporterLimits {
  std::size_t batch_count_max = 8192;                 // lines that are looked up together
  std::size_t batch_size_max = std::size_t{4} << 20;  // bytes of them
  std::size_t unapplied_count_max = 65'536;  // records; below ids_unstored_max - batch_count_max
};

// One import at a time on a data folder (DATA/LOCK sees to it). Memory is bounded whatever the size
// of the files.
class Importer {
 public:
  explicit Importer(const ImporterParts& parts, const ImporterLimits& limits = {});

  // Returns when all that was taken is durable and, unless the observer ended it, applied. Code::io
  // and others where it could not go on: importing the same files again goes on.
  Result<Summary> run(const std::vector<std::string>& files, Observer& observer);

 private:
  const ImporterParts parts_;
  const ImporterLimits limits_;
};

}  // namespace matsuri::imports
