// What a journal's folder holds, and how a copy of one becomes a journal of its own.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "journal/follower.h"
#include "journal/format.h"
#include "journal/internal/folder.h"
#include "journal/internal/retention.h"
#include "journal/internal/scan.h"
#include "journal/reader.h"
#include "journal/writer.h"

namespace matsuri::journal {
namespace {

constexpr std::uint64_t no_active = std::numeric_limits<std::uint64_t>::max();
// Retention may drop a segment between the listing and the look at it.
constexpr int attempt_count_max = 5;

// What the folder's files say at one moment.
struct Snapshot {
  JournalFile journal;
  std::vector<internal::SegmentEnd> sealed;  // the oldest first
  internal::SegmentEnd newest;               // of the current incarnation
  std::unique_ptr<io::File> newest_file;
  internal::Scanned newest_scanned;
};

// What a folder names: it changes when segments come and go.
struct Names {
  JournalFile journal;
  std::vector<SegmentName> segments;

  bool operator==(const Names&) const = default;
};

Result<Names> names_of(io::FileSystem& files, const std::string& folder) {
  Names names;
  TRY_ASSIGN(names.journal, internal::load_journal_file(files, folder));
  TRY_ASSIGN(names.segments, internal::list_segments(files, folder));
  return names;
}

Result<Snapshot> snapshot_of(io::FileSystem& files, const std::string& folder, const Names& names) {
  Snapshot seen{.journal = names.journal};
  const std::vector<SegmentName>& segments = names.segments;
  const auto own = internal::segments_of(segments, seen.journal.incarnation);
  if (own.empty())
    return Error(Code::corrupt, folder + ": all segments of the incarnation that " +
                                    std::string(journal_file_name) + " names are missing");
  seen.sealed = internal::sealed_segments(segments, seen.journal, no_active);
  seen.newest.name = own.back();
  TRY_ASSIGN(seen.newest_file, files.open(internal::path_in(folder, seen.newest.name.to_string()),
                                          io::OpenMode::read));
  TRY_ASSIGN(seen.newest_scanned, internal::scan_segment(*seen.newest_file, seen.newest.name));
  seen.newest.end_offset = seen.newest_scanned.end_offset;
  return seen;
}

Result<Snapshot> snapshot_of(io::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const Names names, names_of(files, folder));
  return snapshot_of(files, folder, names);
}

Origin origin_of(const JournalFile& journal, std::uint64_t incarnation) {
  return {.region = journal.region, .node = journal.node, .incarnation = incarnation};
}

std::vector<Range> ranges_of(const Snapshot& seen) {
  std::vector<Range> ranges;
  std::vector<internal::SegmentEnd> all = seen.sealed;
  all.push_back(seen.newest);
  for (const internal::SegmentEnd& segment : all) {
    const Origin origin = origin_of(seen.journal, segment.name.incarnation);
    if (ranges.empty() || ranges.back().origin != origin)
      ranges.push_back({.origin = origin,
                        .first_offset = segment.name.first_offset,
                        .end_offset = 0,
                        .sealed = origin.incarnation != seen.journal.incarnation});
    ranges.back().end_offset = segment.end_offset;
  }
  return ranges;
}

std::uint64_t applied_of(const std::vector<Position>& applied, const Origin& origin) {
  std::uint64_t offset = 0;
  for (const Position& position : applied)
    if (position.origin == origin) offset = std::max(offset, position.offset);
  return offset;
}

// Bytes of a sealed segment up to its end, which must be where the next one begins.
Result<std::uint64_t> sealed_size(io::FileSystem& files, const std::string& folder,
                                  const internal::SegmentEnd& segment) {
  TRY_ASSIGN(const auto file,
             files.open(internal::path_in(folder, segment.name.to_string()), io::OpenMode::read));
  TRY_ASSIGN(const auto scanned, internal::scan_segment(*file, segment.name));
  if (scanned.end_offset != segment.end_offset)
    return internal::damaged(segment.name, scanned.good_size,
                             "records up to " + std::to_string(segment.end_offset) +
                                 " had been durable, and are not here");
  return scanned.good_size;
}

Result<std::vector<SegmentCopy>> copies_of(io::FileSystem& files, const std::string& folder,
                                           const std::vector<Position>& applied) {
  TRY_ASSIGN(const Snapshot seen, snapshot_of(files, folder));
  TRY_ASSIGN(
      const std::string journal_file,
      io::read_file(files, internal::path_in(folder, journal_file_name), std::size_t{1} << 20));
  std::vector<SegmentCopy> copies{
      {.name = std::string(journal_file_name), .size = journal_file.size()}};
  for (const internal::SegmentEnd& segment : seen.sealed) {
    const Origin origin = origin_of(seen.journal, segment.name.incarnation);
    if (segment.end_offset <= applied_of(applied, origin)) continue;
    TRY_ASSIGN(const std::uint64_t size, sealed_size(files, folder, segment));
    copies.push_back({.name = segment.name.to_string(), .size = size});
  }
  copies.push_back({.name = seen.newest.name.to_string(), .size = seen.newest_scanned.good_size});
  return copies;
}

template <class Call>
auto while_it_changes(Call call) {
  auto result = call();
  for (int attempt = 1; attempt < attempt_count_max; ++attempt) {
    if (result.ok() || result.error().code() != Code::not_found) break;
    result = call();
  }
  return result;
}

}  // namespace

Result<std::vector<Range>> list_ranges(io::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const Snapshot seen, while_it_changes([&] { return snapshot_of(files, folder); }));
  return ranges_of(seen);
}

struct Follower::Impl {
  io::FileSystem& files;
  const std::string folder;
  std::optional<Names> names;  // that `seen` was read by
  Snapshot seen;

  // All of it anew.
  Result<void> look_anew() {
    names.reset();
    TRY_ASSIGN(Names now, names_of(files, folder));
    TRY_ASSIGN(seen, snapshot_of(files, folder, now));
    TRY(seen.newest_file->sync_data());
    names = std::move(now);
    return {};
  }

  Result<void> look_on() {
    TRY_ASSIGN(const Names now, names_of(files, folder));
    if (now != names) return look_anew();
    const std::uint64_t before = seen.newest.end_offset;
    TRY_ASSIGN(const bool is_clean,
               internal::scan_on(*seen.newest_file, seen.newest.name, seen.newest_scanned));
    if (!is_clean) return look_anew();
    if (seen.newest_scanned.end_offset == before) return {};
    // What was read, and not written back, would be gone with the power, and its offset be given
    // to another record: which nobody would read who had read this one.
    TRY(seen.newest_file->sync_data());
    seen.newest.end_offset = seen.newest_scanned.end_offset;
    return {};
  }
};

Follower::Follower(io::FileSystem& files, std::string folder)
    : impl_(std::make_unique<Impl>(files, std::move(folder))) {}
Follower::~Follower() = default;

Result<std::vector<Range>> Follower::look() {
  auto looked =
      while_it_changes([&] { return impl_->names ? impl_->look_on() : impl_->look_anew(); });
  if (!looked.ok()) {
    impl_->names.reset();
    return std::move(looked).error();
  }
  return ranges_of(impl_->seen);
}

Result<bool> has_all_records(io::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const JournalFile journal, internal::load_journal_file(files, folder));
  TRY_ASSIGN(const auto segments, internal::list_segments(files, folder));
  // An incarnation of which no segment is left has no range, but a name in JOURNAL.
  const auto is_whole = [&](std::uint64_t incarnation) {
    const auto own = internal::segments_of(segments, incarnation);
    return !own.empty() && own.front().first_offset == 1;
  };
  return is_whole(journal.incarnation) &&
         std::ranges::all_of(journal.sealed, [&](const SealedIncarnation& one) {
           return one.end_offset == 0 || is_whole(one.incarnation);
         });
}

Result<std::vector<SegmentCopy>> segments_after(io::FileSystem& files, const std::string& folder,
                                                const std::vector<Position>& applied) {
  return while_it_changes([&] { return copies_of(files, folder, applied); });
}

Result<Origin> begin_incarnation(io::FileSystem& files, const std::string& folder,
                                 io::Random& random) {
  TRY_ASSIGN(const auto lock, files.lock(internal::path_in(folder, lock_file_name)));
  TRY_ASSIGN(const JournalFile before, internal::load_journal_file(files, folder));
  // Only that it gets a segment of the usual size, and of the time that a writer would give it.
  internal::OpenFolderOptions options{.region = before.region,
                                      .node = before.node,
                                      .segment_size = WriterOptions{}.segment_size,
                                      .unix_ms = io::system_clock().unix_ms()};
  TRY_ASSIGN(const internal::OpenFolder open,
             internal::open_folder(files, folder, options, random));
  options.segment_size = open.segment.segment_size;
  JournalFile next = open.journal;
  // To forget one would make its segments nobody's. Retention takes out those without segments.
  if (next.sealed.size() == sealed_count_max)
    return Error(Code::exhausted, folder + " has too many incarnations; let retention drop some");
  next.sealed.push_back({.incarnation = next.incarnation, .end_offset = open.next_offset - 1});
  TRY_ASSIGN(next.incarnation,
             internal::make_incarnation(files, folder, options, open.journal, random));
  TRY(internal::save_journal_file(files, folder, next));
  return origin_of(next, next.incarnation);
}

}  // namespace matsuri::journal
