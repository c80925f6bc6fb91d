#include "journal/reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "journal/format.h"
#include "journal/internal/folder.h"
#include "journal/internal/scan.h"

namespace matsuri::journal {
namespace {

constexpr std::size_t chunk_size_min = std::size_t{16} << 10;
constexpr std::size_t chunk_size_max = std::size_t{1} << 20;

using internal::damaged;

// Bytes of a segment that were read at once.
struct Chunk {
  std::vector<std::byte> bytes;
  std::uint64_t begin = 0;
};

}  // namespace

class Reader::Impl {
 public:
  Impl(io::FileSystem& files, std::string folder, const Origin& origin)
      : files_(files), folder_(std::move(folder)), origin_(origin) {}

  Result<void> open() {
    TRY_ASSIGN(const JournalFile journal, internal::load_journal_file(files_, folder_));
    if (journal.region != origin_.region || journal.node != origin_.node)
      return Error(Code::not_found, folder_ + " is not of origin " + origin_.to_string());
    TRY_ASSIGN(const auto segments, own_segments());
    if (segments.empty())
      return Error(Code::not_found, folder_ + " has no segment of origin " + origin_.to_string());
    next_offset_ = segments.front().first_offset;
    return {};
  }

  Result<void> seek(std::uint64_t offset) {
    TRY_ASSIGN(const auto segments, own_segments());
    const auto after = std::upper_bound(
        segments.begin(), segments.end(), offset,
        [](std::uint64_t wanted, const SegmentName& name) { return wanted < name.first_offset; });
    if (offset == 0 || after == segments.begin()) return dropped(offset);
    const SegmentName wanted = *std::prev(after);
    // Forward within the segment needs no second look at what was passed.
    if (!file_ || wanted != name_ || offset < batch_offset_) TRY(enter(wanted));
    next_offset_ = offset;
    return {};
  }

  Result<void> read(std::uint64_t end_offset, std::size_t count_max, std::size_t size_max,
                    std::vector<StoredRecord>& records) {
    records.clear();
    recycle();
    Result<void> got = collect(end_offset, count_max, size_max, records);
    // What was read before the damage counts; the next call meets the damage first.
    if (!got.ok() && !records.empty()) return {};
    return got;
  }

 private:
  Result<void> collect(std::uint64_t end_offset, std::size_t count_max, std::size_t size_max,
                       std::vector<StoredRecord>& records) {
    if (next_offset_ > end_offset) return {};
    if (!file_) TRY(seek(next_offset_));
    std::size_t size = 0;
    while (next_offset_ <= end_offset && records.size() < count_max &&
           (size < size_max || records.empty())) {
      if (batch_left_ == 0) {
        TRY(next_batch(end_offset));
        continue;
      }
      TRY_ASSIGN(const RecordView record, next_record());
      if (batch_offset_ - 1 < next_offset_) continue;  // seek() went beyond it.
      records.push_back({.offset = next_offset_++,
                         .header = load_header(record.header),
                         .payload = record.payload});
      size += record.payload.size();
    }
    return {};
  }

  Result<std::vector<SegmentName>> own_segments() {
    TRY_ASSIGN(const auto segments, internal::list_segments(files_, folder_));
    return internal::segments_of(segments, origin_.incarnation);
  }

  Error dropped(std::uint64_t offset) const {
    return {Code::not_found, "record " + std::to_string(offset) + " of " + origin_.to_string() +
                                 " is no longer in the journal"};
  }

  Result<void> enter(const SegmentName& name) {
    auto file = files_.open(internal::path_in(folder_, name.to_string()), io::OpenMode::read);
    if (!file.ok() && file.error().code() == Code::not_found) return dropped(name.first_offset);
    if (!file.ok()) return std::move(file).error();
    TRY_ASSIGN(const SegmentHeader header, internal::read_segment_header(*file.value(), name));
    TRY_ASSIGN(file_size_, file.value()->size());
    file_ = std::move(file).value();
    name_ = name;
    salt_ = header.salt;
    batch_at_ = segment_header_size;
    batch_offset_ = name.first_offset;
    batch_left_ = 0;
    forget();
    return {};
  }

  // What a chunk has of the file was read at one moment; later the writer may have gone on.
  void forget() {
    if (!current_) return;
    spent_.push_back(std::move(*current_));
    current_.reset();
  }

  // Records of the last read() are no longer used by the caller.
  void recycle() {
    for (Chunk& chunk : spent_)
      if (free_.size() < free_count_max) free_.push_back(std::move(chunk));
    spent_.clear();
  }

  // `size` bytes at `at` of the file, or nothing where the file ends before. They stay where they
  // are until the next read().
  Result<std::optional<Bytes>> view(std::uint64_t at, std::size_t size, std::uint64_t end_offset) {
    if (at + size > file_size_) {
      TRY_ASSIGN(file_size_, file_->size());  // A writer makes a short copy whole.
      if (at + size > file_size_) return std::optional<Bytes>();
    }
    if (!current_ || at < current_->begin || at + size > current_->begin + current_->bytes.size())
      TRY(fill(at, size, end_offset));
    return std::optional(
        Bytes(current_->bytes).subspan(static_cast<std::size_t>(at - current_->begin), size));
  }

  Result<void> fill(std::uint64_t at, std::size_t size, std::uint64_t end_offset) {
    // Long reads while there is much to read; short ones at the end of a journal that grows.
    chunk_size_ = current_ ? std::min(chunk_size_ * 4, chunk_size_max) : chunk_size_;
    forget();
    Chunk chunk;
    if (!free_.empty()) {
      chunk = std::move(free_.back());
      free_.pop_back();
    }
    chunk.begin = at;
    chunk.bytes.resize(static_cast<std::size_t>(
        std::min<std::uint64_t>(std::max(size, chunk_size_), file_size_ - at)));
    TRY_ASSIGN(const std::size_t got, file_->read_at(at, chunk.bytes));
    if (got < size) return Error(Code::io, name_.to_string() + " became shorter");
    chunk.bytes.resize(got);
    current_ = std::move(chunk);
    seen_end_offset_ = end_offset;
    return {};
  }

  // Goes to the batch that begins with batch_offset_. REQUIRES: a record at or after it is durable.
  Result<void> next_batch(std::uint64_t end_offset) {
    // Bytes from before this batch became durable may be half of it.
    if (batch_offset_ > seen_end_offset_) {
      forget();
      chunk_size_ = chunk_size_min;
    }
    TRY_ASSIGN(const auto start, view(batch_at_, sizeof(BatchHeader), end_offset));
    BatchHeader header{};
    if (start) std::memcpy(&header, start->data(), sizeof header);
    if (!is_plausible(header) || header.offset_first != batch_offset_) return next_segment();
    TRY_ASSIGN(const auto batch, view(batch_at_, sizeof header + header.body_size, end_offset));
    if (!batch || batch_checksum(*batch, salt_) != header.checksum) return next_segment();
    body_ = batch->subspan(sizeof header);
    body_at_ = 0;
    batch_left_ = header.count;
    batch_at_ += sizeof header + header.body_size;
    return {};
  }

  // The segment must end here: the next one begins with the record that was looked for.
  Result<void> next_segment() {
    TRY_ASSIGN(const auto segments, own_segments());
    for (const SegmentName& name : segments)
      if (name.first_offset == batch_offset_ && name != name_) return enter(name);
    if (segments.empty() || segments.front().first_offset > batch_offset_)
      return dropped(batch_offset_);
    return damaged(
        name_, batch_at_,
        "record " + std::to_string(batch_offset_) + " had been durable, and is not here");
  }

  // batch_offset_ is the one after the record that is returned.
  Result<RecordView> next_record() {
    const std::uint64_t body_begin = batch_at_ - body_.size();
    const auto record = record_at(body_, body_at_, salt_);
    if (!record) return damaged(name_, body_begin + body_at_, "a record fails its checksum");
    body_at_ += record_stride(record->header.length);
    --batch_left_;
    ++batch_offset_;
    if (batch_left_ == 0 && body_at_ != body_.size())
      return damaged(name_, body_begin + body_at_, "a batch has more bytes than records");
    return *record;
  }

  static constexpr std::size_t free_count_max = 4;

  io::FileSystem& files_;
  const std::string folder_;
  const Origin origin_;
  std::uint64_t next_offset_ = 1;  // what the caller gets next

  std::unique_ptr<io::File> file_;  // of the segment name_
  SegmentName name_;
  std::uint64_t file_size_ = 0;
  std::uint32_t salt_ = 0;
  std::uint64_t batch_at_ = 0;      // where the next batch begins
  std::uint64_t batch_offset_ = 1;  // the record that comes next in the file; <= next_offset_
  std::uint32_t batch_left_ = 0;    // records of body_ from body_at_ on
  Bytes body_;
  std::size_t body_at_ = 0;

  std::optional<Chunk> current_;
  std::vector<Chunk> spent_;  // read before, and maybe still looked at by the caller
  std::vector<Chunk> free_;
  std::size_t chunk_size_ = chunk_size_min;
  std::uint64_t seen_end_offset_ = 0;  // what was durable when current_ was read
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::open(io::FileSystem& files, const std::string& folder,
                                             const Origin& origin) {
  auto impl = std::make_unique<Impl>(files, folder, origin);
  TRY(impl->open());
  return std::unique_ptr<Reader>(new Reader(std::move(impl)));
}

Result<void> Reader::seek(std::uint64_t offset) { return impl_->seek(offset); }

Result<void> Reader::read(std::uint64_t end_offset, std::size_t count_max, std::size_t size_max,
                          std::vector<StoredRecord>& records) {
  return impl_->read(end_offset, count_max, size_max, records);
}

}  // namespace matsuri::journal
