// Carries the records of inbox files into the node's journal: each once, whatever stops in between.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/file.h"
#include "journal/id_maker.h"
#include "journal/inbox.h"
#include "journal/writer.h"

namespace matsuri::journal {

struct AgentOptions {
  // Files in them are read whose names hold ".inbox". A folder that is not there yet is waited for.
  std::vector<std::string> folders;
  // Where bytes go that are no records, or of kinds that are not taken: one file each.
  std::string quarantine_folder;
  std::vector<EventKind> kinds;  // taken; an inbox is open to more programs than the journal
  Writer* writer = nullptr;
  IdMaker* ids = nullptr;
  // Up to where a file is in the journal: what the last InboxRead of it says, 0 where there is
  // none. All records of the journal up to now are known there.
  std::function<Result<std::uint64_t>(const InboxFileId&)> offset_of;
  std::int64_t look_ms = 100;         // between looks where nothing is new
  std::int64_t torn_wait_ms = 5'000;  // that what is no whole record at a file's end is waited for
  std::size_t part_size = std::size_t{1} << 20;  // that is read and journaled at once
  io::FileSystem* files = &io::posix_files();
  io::Clock* clock = &io::system_clock();
  metrics::Registry* metrics = nullptr;
};

// Reads what is appended, gives each record an id, and appends it to the journal. With the records,
// in the same batch, goes an InboxRead with the place behind them: so a process that is killed at
// any moment goes on exactly there, once whoever applies InboxRead has applied the journal. A
// file's bytes are synced before they are journaled, so that no power cut leaves a file shorter
// than its place.
//
// Files may be renamed, copied and removed while they are read; what was open when it was removed
// is read to its end. What a truncation cuts off before it was read is lost; what is appended
// behind it is read, whether the file begins anew or not.
//
// Owns one thread after start(). A full disk, a busy journal, a folder that can't be read: tried
// again for ever, and nothing is passed over meanwhile.
class Agent {
 public:
  // REQUIRES: what options point to outlives the agent.
  explicit Agent(AgentOptions options);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  void start();
  void stop();

  // One look at all files, on the calling thread: for tests, and for the thread. True where more is
  // there to be read at once. An error stops the look; the next one goes on where it was.
  Result<bool> look();

 private:
  struct Tail;
  struct Part;

  void loop();
  Result<void> find_files();
  Result<void> sight(const std::string& folder, const std::string& name);
  Result<bool> read_on(Tail& tail);
  Result<Part> read_part(Tail& tail);
  Result<void> step_back(Tail& tail);
  void let_go(Tail& tail);
  void cut(Tail& tail, Part& part);
  bool is_taken(EventKind kind) const;
  bool is_torn(Tail& tail, std::uint64_t end);
  Result<void> journal(Tail& tail, Part& part);
  Result<void> quarantine(const Tail& tail, std::uint64_t offset, Bytes bytes);
  bool has_same_head(const Tail& tail);
  std::int64_t now_us() const { return options_.clock->monotonic_us(); }
  void show_backlog();

  const AgentOptions options_;
  std::map<InboxFileId, std::unique_ptr<Tail>> tails_;
  // Up to where files are in the journal that were read since the start: whoever offset_of() asks
  // may be behind by now.
  std::map<InboxFileId, std::uint64_t> places_;

  struct Counters {
    metrics::Counter* read = nullptr;  // = shipped + quarantined + in_flight
    metrics::Counter* shipped = nullptr;
    metrics::Counter* quarantined = nullptr;
    metrics::Counter* bytes = nullptr;
    metrics::Counter* truncated = nullptr;
    metrics::Gauge* in_flight = nullptr;
    metrics::Gauge* backlog = nullptr;
    metrics::Gauge* files = nullptr;
  };
  metrics::Registry own_metrics_;  // where none is given
  Counters counters_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace matsuri::journal
