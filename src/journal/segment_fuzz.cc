// Bytes from a disk that lies. The first byte says what they are: a JOURNAL, a whole segment, or
// the batches behind a good header, there also with all checksums put right, to get behind them.
#include <cstdlib>
#include <vector>

#include "base/log.h"
#include "io/random.h"
#include "io/sim_disk.h"
#include "journal/format.h"
#include "journal/internal/scan.h"
#include "journal/reader.h"
#include "journal/testing/broken_files.h"
#include "journal/writer.h"

namespace {

using namespace matsuri;
using namespace matsuri::journal;

constexpr SegmentName name{.incarnation = 7, .first_offset = 1};

void require(bool condition) {
  if (!condition) std::abort();
}

void write(io::SimDisk& disk, const std::string& path, Bytes bytes) {
  const auto file = disk.open(path, io::OpenMode::create).value();
  require(file->write_at(0, bytes).ok());
}

void try_journal_file(Bytes bytes) {
  const auto journal = decode_journal_file(bytes);
  if (journal.ok())
    require(encode_journal_file(*journal) == as_text(bytes));
  else
    require(journal.error().code() == Code::corrupt || journal.error().code() == Code::invalid);
}

// The scan, the reader and the writer must say the same of a segment.
void try_segment(Bytes bytes) {
  io::SimDisk disk;
  io::SeededRandom random(1);
  require(disk.make_folders("journal").ok());
  const std::string path = "journal/" + name.to_string();
  write(disk, path, bytes);
  write(
      disk, "journal/JOURNAL",
      as_bytes(encode_journal_file(
          {.region = Region{0}, .node = Node{0}, .incarnation = name.incarnation, .sealed = {}})));

  const auto scanned = internal::scan_segment(*disk.open(path, io::OpenMode::read).value(), name);
  WriterOptions options;
  options.folder = "journal";
  options.segment_size = 8 << 10;
  options.batch_body_size_max = 1 << 10;
  options.files = &disk;
  options.random = &random;
  if (!scanned.ok()) {
    const Code code = scanned.error().code();
    require(code == Code::corrupt || code == Code::invalid);
    require(Writer::open(options).error().code() == code);
    return;
  }
  require(scanned->good_size >= segment_header_size && scanned->good_size <= scanned->file_size);
  require(scanned->last_at <= scanned->good_size && scanned->dirty_size >= scanned->good_size);
  const Origin origin{.region = Region{0}, .node = Node{0}, .incarnation = name.incarnation};
  {
    // A header may ask for a segment of any size; a disk that is full is no reason to lose any.
    disk.set_capacity(std::uint64_t{1} << 20);
    const auto writer = Writer::open(options);
    if (!writer.ok()) {
      require(scanned->header.region != 0 || scanned->header.node != 0);
      return;
    }
    require((*writer)->durable_offset() == scanned->end_offset);
  }
  const auto reader = Reader::open(disk, "journal", origin).value();
  std::vector<StoredRecord> records;
  std::uint64_t count = 0;
  for (;;) {
    const auto got = reader->read(scanned->end_offset, 100, 1 << 16, records);
    // Reserved bits of a record are looked at by the reader only.
    if (!got.ok()) return require(got.error().code() == Code::corrupt);
    if (records.empty()) break;
    for (const StoredRecord& record : records) require(record.offset == ++count);
  }
  require(count == scanned->end_offset);
}

std::vector<std::byte> behind_a_header(Bytes batches) {
  SegmentHeader header{};
  header.incarnation = name.incarnation;
  header.first_offset = name.first_offset;
  header.segment_size = 8 << 10;
  header.salt = 99;
  const std::string block = encode_segment_header(header);
  std::vector<std::byte> segment(as_bytes(block).begin(), as_bytes(block).end());
  segment.insert(segment.end(), batches.begin(), batches.end());
  return segment;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_quiet = [] {
    log::configure(log::Level::error, log::Format::text);
    return true;
  }();
  if (size == 0 || !is_quiet) return 0;
  const Bytes bytes = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0] % 4) {
    case 0:
      try_journal_file(bytes);
      break;
    case 1:
      try_segment(bytes);
      break;
    default: {
      std::vector<std::byte> segment = behind_a_header(bytes);
      if (data[0] % 4 == 3) journal::testing::mend_checksums(segment);
      try_segment(segment);
    }
  }
  return 0;
}
