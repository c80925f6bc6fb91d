// What a node reads of closures: the journals that they write themselves.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "config.h"
#include "io/file.h"
#include "journal/inbox.h"
#include "sql/db.h"
#include "stream/stream.h"

namespace matsuri {

// The journals that closures write: in the folders that are named, each itself and those in it, and
// of the programmes that this node runs. A folder that is not there has none yet.
std::vector<std::string> closure_journals(io::FileSystem& files, const Config& config);

// Up to where an inbox is in the journal, as check-in's database has it.
Result<std::uint64_t> place_of_inbox(sql::Db& checkin, const journal::InboxFileId& file);

// Closures come and go: looks once a second for journals that are new, and has the stream follow
// them. Owns one thread.
class JournalFollower {
 public:
  // `find` gives the journals that are there.
  JournalFollower(stream::Stream& stream, std::function<std::vector<std::string>()> find);
  ~JournalFollower();
  JournalFollower(const JournalFollower&) = delete;
  JournalFollower& operator=(const JournalFollower&) = delete;

 private:
  void loop();

  stream::Stream& stream_;
  const std::function<std::vector<std::string>()> find_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace matsuri
