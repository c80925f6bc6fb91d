#include "journal/internal/folder.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "journal/internal/scan.h"

namespace matsuri::journal::internal {
namespace {

constexpr std::size_t journal_file_size_max = 32 + 16 * sealed_count_max;

// Overwrites [from, to) with zeros and makes that durable.
Result<void> cut(io::File& file, std::uint64_t from, std::uint64_t to) {
  const std::vector<std::byte> zeros(std::size_t{64} << 10);
  while (from < to) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), to - from));
    TRY(file.write_at(from, Bytes(zeros).first(size)));
    from += size;
  }
  return {};
}

// Writes the last whole batch once more, as it is. Where its fdatasync failed, the kernel may hold
// its pages for clean, though the disk never got them: the next fdatasync would then say that all
// is well, and a power cut take the batch away again. All batches before it had been durable.
Result<void> write_last_again(io::File& file, const Scanned& scanned) {
  if (scanned.last_at == scanned.good_size) return {};
  std::vector<std::byte> batch(static_cast<std::size_t>(scanned.good_size - scanned.last_at));
  TRY_ASSIGN(const std::size_t got, file.read_at(scanned.last_at, batch));
  if (got < batch.size()) return Error(Code::io, "a segment became shorter while it was read");
  return file.write_at(scanned.last_at, batch);
}

// Removes a leftover of something that never began. Its name may come back with a power cut; then
// it is removed again.
Result<void> remove_leftover(io::FileSystem& files, const std::string& folder,
                             std::string_view name) {
  auto removed = files.remove(path_in(folder, name));
  if (!removed.ok() && removed.error().code() == Code::not_found) return {};
  return removed;
}

// A segment that JOURNAL does not know: of an incarnation whose beginning was cut short, if nothing
// is in it. Else JOURNAL was lost, or is of another folder.
Result<void> remove_unknown(io::FileSystem& files, const std::string& folder,
                            const SegmentName& name) {
  TRY_ASSIGN(const auto file, files.open(path_in(folder, name.to_string()), io::OpenMode::read));
  TRY_ASSIGN(const Scanned scanned, scan_segment(*file, name));
  if (scanned.end_offset >= name.first_offset)
    return Error(Code::corrupt, name.to_string() + " holds records of an incarnation that " +
                                    std::string(journal_file_name) + " does not name");
  return remove_leftover(files, folder, name.to_string());
}

Result<OpenFolder> recover_newest(io::FileSystem& files, const std::string& folder,
                                  JournalFile journal, const SegmentName& name) {
  OpenFolder open;
  TRY_ASSIGN(open.file, files.open(path_in(folder, name.to_string()), io::OpenMode::read_write));
  TRY_ASSIGN(const Scanned scanned, scan_segment(*open.file, name));
  if (Region{scanned.header.region} != journal.region || Node{scanned.header.node} != journal.node)
    return damaged(name, 0, "region or node differ from the folder's");
  if (scanned.dirty_size > scanned.good_size) {
    log::warn("journal", "torn tail cut off",
              {{"segment", name.to_string()},
               {"from_byte", scanned.good_size},
               {"to_byte", scanned.dirty_size}});
    TRY(cut(*open.file, scanned.good_size, scanned.dirty_size));
  }
  TRY(write_last_again(*open.file, scanned));
  open.file_size = scanned.file_size;
  // A copy may be shorter. Where there is no room to make it whole, the segment is just full.
  if (open.file_size < scanned.header.segment_size) {
    const Result<void> allocated = open.file->allocate(scanned.header.segment_size);
    if (allocated.ok())
      open.file_size = scanned.header.segment_size;
    else if (allocated.error().code() != Code::exhausted)
      return allocated.error();
  }
  TRY(open.file->sync_data());
  TRY(files.sync_folder(folder));
  open.journal = std::move(journal);
  open.segment = scanned.header;
  open.write_at = scanned.good_size;
  open.next_offset = scanned.end_offset + 1;
  return open;
}

Result<JournalFile> create(io::FileSystem& files, const std::string& folder,
                           const OpenFolderOptions& options, io::Random& random) {
  JournalFile journal{
      .region = options.region, .node = options.node, .incarnation = 0, .sealed = {}};
  TRY_ASSIGN(journal.incarnation, make_incarnation(files, folder, options, journal, random));
  TRY(save_journal_file(files, folder, journal));
  return journal;
}

}  // namespace

std::string path_in(const std::string& folder, std::string_view name) {
  return folder + "/" + std::string(name);
}

Result<JournalFile> load_journal_file(io::FileSystem& files, const std::string& folder) {
  const std::string path = path_in(folder, journal_file_name);
  auto content = io::read_file(files, path, journal_file_size_max);
  if (!content.ok()) {
    if (content.error().code() == Code::invalid)
      return Error(Code::corrupt, content.error().message());
    return std::move(content).error();
  }
  return within(path, decode_journal_file(as_bytes(content.value())));
}

Result<void> save_journal_file(io::FileSystem& files, const std::string& folder,
                               const JournalFile& journal) {
  return io::replace_file(files, path_in(folder, journal_file_name),
                          as_bytes(encode_journal_file(journal)));
}

Result<std::vector<SegmentName>> list_segments(io::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const std::vector<std::string> names, files.list(folder));
  std::vector<SegmentName> segments;
  for (const std::string& name : names)
    if (const auto segment = parse_segment_name(name)) segments.push_back(*segment);
  std::sort(segments.begin(), segments.end());
  return segments;
}

std::vector<SegmentName> segments_of(const std::vector<SegmentName>& segments,
                                     std::uint64_t incarnation) {
  std::vector<SegmentName> own;
  for (const SegmentName& name : segments)
    if (name.incarnation == incarnation) own.push_back(name);
  return own;
}

Result<std::unique_ptr<io::File>> make_spare(io::FileSystem& files, const std::string& folder,
                                             std::uint64_t segment_size) {
  // An older one may have been written to: a new file is zeros without overwriting them.
  TRY(remove_leftover(files, folder, spare_file_name));
  const std::string path = path_in(folder, spare_file_name);
  TRY_ASSIGN(auto file, files.open(path, io::OpenMode::create_exclusive));
  Result<void> made = file->allocate(segment_size);
  if (made.ok()) made = file->sync_data();
  if (!made.ok()) {
    file.reset();
    static_cast<void>(files.remove(path));  // What made the error is what counts.
    return std::move(made).error();
  }
  return file;
}

Result<void> begin_segment(io::FileSystem& files, const std::string& folder, io::File& file,
                           const SegmentHeader& header) {
  const SegmentName name{.incarnation = header.incarnation, .first_offset = header.first_offset};
  TRY(file.write_at(0, as_bytes(encode_segment_header(header))));
  TRY(file.sync_data());
  TRY(files.rename(path_in(folder, spare_file_name), path_in(folder, name.to_string())));
  return files.sync_folder(folder);
}

Result<std::uint64_t> make_incarnation(io::FileSystem& files, const std::string& folder,
                                       const OpenFolderOptions& options, const JournalFile& journal,
                                       io::Random& random) {
  const auto is_taken = [&](std::uint64_t number) {
    return number == 0 || number == journal.incarnation ||
           std::any_of(journal.sealed.begin(), journal.sealed.end(),
                       [&](const SealedIncarnation& one) { return one.incarnation == number; });
  };
  SegmentHeader header{};
  do header.incarnation = random.next_u64();
  while (is_taken(header.incarnation));
  header.first_offset = 1;
  header.segment_size = options.segment_size;
  header.created_ms = options.unix_ms;
  header.salt = random.next_u32();
  header.region = static_cast<std::uint8_t>(options.region);
  header.node = static_cast<std::uint8_t>(options.node);
  TRY_ASSIGN(const auto file, make_spare(files, folder, options.segment_size));
  TRY(begin_segment(files, folder, *file, header));
  return header.incarnation;
}

Result<OpenFolder> open_folder(io::FileSystem& files, const std::string& folder,
                               const OpenFolderOptions& options, io::Random& random) {
  auto loaded = load_journal_file(files, folder);
  const bool is_new = !loaded.ok() && loaded.error().code() == Code::not_found;
  if (!loaded.ok() && !is_new) return std::move(loaded).error();
  if (!is_new && (loaded.value().region != options.region || loaded.value().node != options.node))
    return Error(Code::invalid, folder + " belongs to another region or node");

  TRY(remove_leftover(files, folder, spare_file_name));
  TRY_ASSIGN(const auto before, list_segments(files, folder));
  for (const SegmentName& name : before) {
    const bool is_known =
        !is_new && (name.incarnation == loaded.value().incarnation ||
                    std::any_of(loaded.value().sealed.begin(), loaded.value().sealed.end(),
                                [&](const SealedIncarnation& one) {
                                  return one.incarnation == name.incarnation;
                                }));
    if (!is_known) TRY(remove_unknown(files, folder, name));
  }
  if (is_new) {
    TRY_ASSIGN(loaded, create(files, folder, options, random));
  }
  TRY_ASSIGN(const auto segments, list_segments(files, folder));
  const auto own = segments_of(segments, loaded.value().incarnation);
  if (own.empty())
    return Error(Code::corrupt, folder + ": all segments of the incarnation that " +
                                    std::string(journal_file_name) + " names are missing");
  return recover_newest(files, folder, std::move(loaded).value(), own.back());
}

}  // namespace matsuri::journal::internal
