#include "journal/internal/retention.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "journal/internal/folder.h"

namespace matsuri::journal::internal {
namespace {

Result<std::uint64_t> size_of(io::FileSystem& files, const std::string& folder,
                              const SegmentName& name) {
  TRY_ASSIGN(const auto file, files.open(path_in(folder, name.to_string()), io::OpenMode::read));
  return file->size();
}

bool is_applied(const SegmentEnd& segment, const JournalFile& journal,
                const std::vector<Position>& applied) {
  return std::any_of(applied.begin(), applied.end(), [&](const Position& position) {
    return position.origin == Origin{.region = journal.region,
                                     .node = journal.node,
                                     .incarnation = segment.name.incarnation} &&
           position.offset >= segment.end_offset;
  });
}

// A restored incarnation without any record is nobody's: no position ever names it.
bool is_empty(const SegmentEnd& segment) { return segment.end_offset < segment.name.first_offset; }

}  // namespace

std::vector<SegmentEnd> sealed_segments(const std::vector<SegmentName>& segments,
                                        const JournalFile& journal,
                                        std::uint64_t active_first_offset) {
  std::vector<SegmentEnd> sealed;
  const auto add = [&](std::uint64_t incarnation, std::optional<std::uint64_t> end_offset) {
    const auto own = segments_of(segments, incarnation);
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (i + 1 < own.size())
        sealed.push_back({.name = own[i], .end_offset = own[i + 1].first_offset - 1});
      else if (end_offset)
        sealed.push_back({.name = own[i], .end_offset = *end_offset});
    }
  };
  for (const SealedIncarnation& one : journal.sealed) add(one.incarnation, one.end_offset);
  add(journal.incarnation, std::nullopt);
  // What was rolled to since the caller looked.
  std::erase_if(sealed, [&](const SegmentEnd& segment) {
    return segment.name.incarnation == journal.incarnation &&
           segment.name.first_offset >= active_first_offset;
  });
  return sealed;
}

Result<void> drop_segments(io::FileSystem& files, const std::string& folder, JournalFile& journal,
                           std::uint64_t active_first_offset, const std::vector<Position>& applied,
                           std::uint64_t keep_bytes) {
  TRY_ASSIGN(const auto segments, list_segments(files, folder));
  std::uint64_t total = 0;
  for (const SegmentName& name : segments) {
    TRY_ASSIGN(const std::uint64_t size, size_of(files, folder, name));
    total += size;
  }
  std::uint64_t kept_incarnation = 0;  // of which a segment stays: then all later ones stay, too
  for (const SegmentEnd& segment : sealed_segments(segments, journal, active_first_offset)) {
    if (total <= keep_bytes) break;
    if (segment.name.incarnation == kept_incarnation) continue;
    if (!is_empty(segment) && !is_applied(segment, journal, applied)) {
      kept_incarnation = segment.name.incarnation;
      continue;
    }
    TRY_ASSIGN(const std::uint64_t size, size_of(files, folder, segment.name));
    TRY(files.remove(path_in(folder, segment.name.to_string())));
    // Each name by itself, so that no power cut leaves a gap between two segments.
    TRY(files.sync_folder(folder));
    total -= size;
    log::info("journal", "segment dropped", {{"segment", segment.name.to_string()}});
  }

  TRY_ASSIGN(const auto left, list_segments(files, folder));
  JournalFile next = journal;
  // The newest that had records stays named without a segment: so that it is known for ever that
  // not everything is here (has_all_records()).
  const auto is_gone = [&](const SealedIncarnation& one) {
    return segments_of(left, one.incarnation).empty();
  };
  std::uint64_t newest_gone = 0;
  for (const SealedIncarnation& one : journal.sealed)
    if (is_gone(one) && one.end_offset != 0) newest_gone = one.incarnation;
  std::erase_if(next.sealed, [&](const SealedIncarnation& one) {
    return is_gone(one) && one.incarnation != newest_gone;
  });
  if (next == journal) return {};
  TRY(save_journal_file(files, folder, next));
  journal = std::move(next);
  return {};
}

}  // namespace matsuri::journal::internal
