#include "journal/internal/scan.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace matsuri::journal::internal {
namespace {

constexpr std::size_t window_size = std::size_t{1} << 20;

// A file's bytes by position, read a MiB at a time.
class Window {
 public:
  Window(io::File& file, std::uint64_t file_size) : file_(file), file_size_(file_size) {}

  // `size` bytes at `at`, fewer only at the end of the file; valid until the next call.
  Result<Bytes> view(std::uint64_t at, std::size_t size) {
    size = static_cast<std::size_t>(
        std::min<std::uint64_t>(size, file_size_ - std::min(at, file_size_)));
    if (at < begin_ || at + size > begin_ + bytes_.size()) TRY(fill(at, size));
    return Bytes(bytes_).subspan(static_cast<std::size_t>(at - begin_), size);
  }

  // The next view() reads the file again.
  void forget() { bytes_.clear(); }

 private:
  Result<void> fill(std::uint64_t at, std::size_t size) {
    bytes_.resize(static_cast<std::size_t>(
        std::min<std::uint64_t>(std::max(size, window_size), file_size_ - at)));
    begin_ = at;
    TRY_ASSIGN(const std::size_t got, file_.read_at(at, bytes_));
    if (got < size) return Error(Code::io, "a segment became shorter while it was read");
    bytes_.resize(got);
    return {};
  }

  io::File& file_;
  const std::uint64_t file_size_;
  std::uint64_t begin_ = 0;
  std::vector<std::byte> bytes_;
};

// Whether the body is exactly `count` records. The batch's checksum has spoken for the bytes; this
// is for what follows from them.
bool has_records(Bytes body, std::uint32_t count) {
  std::size_t at = 0;
  for (; count > 0 && body.size() - at >= sizeof(StoredHeader); --count) {
    const std::size_t stride = record_stride(load<std::uint32_t>(body, at));
    if (body.size() - at < stride) return false;
    at += stride;
  }
  return count == 0 && at == body.size();
}

class Scanner {
 public:
  Scanner(io::File& file, const SegmentName& name, std::uint64_t file_size, std::uint32_t salt)
      : window_(file, file_size),
        tail_(file, file_size),
        name_(name),
        file_size_(file_size),
        salt_(salt) {}

  // True where nothing but zeros, or the end of the file, follows.
  Result<bool> go_on(Scanned& scanned) {
    for (;;) {
      TRY_ASSIGN(const auto batch, batch_at(scanned.good_size));
      if (!batch || batch->offset_first != scanned.end_offset + 1) break;
      scanned.end_offset += batch->count;
      scanned.last_at = scanned.good_size;
      scanned.good_size += sizeof(BatchHeader) + batch->body_size;
    }
    scanned.dirty_size = scanned.good_size;
    TRY_ASSIGN(const Bytes next, window_.view(scanned.good_size, sizeof(BatchHeader)));
    return std::ranges::all_of(next, [](std::byte byte) { return byte == std::byte{0}; });
  }

  Result<void> run(Scanned& scanned) {
    std::uint64_t at = segment_header_size;
    std::uint64_t expected = name_.first_offset;
    scanned.last_at = at;
    for (bool again = false;;) {
      TRY_ASSIGN(const auto batch, batch_at(at));
      if (batch && batch->offset_first == expected) {
        expected += batch->count;
        scanned.last_at = at;
        at += sizeof(BatchHeader) + batch->body_size;
        again = false;
        continue;
      }
      TRY_ASSIGN(const auto later, whole_batch_after(at, expected));
      if (!later) break;
      // A batch is written only after the one before it is durable. So where a writer is at work,
      // and has gone on since we looked, what we looked at is whole by now.
      if (again)
        return damaged(name_, at,
                       "a whole batch follows at byte " + std::to_string(*later) +
                           ", so this one had been durable");
      again = true;
      window_.forget();
    }
    scanned.end_offset = expected - 1;
    scanned.good_size = at;
    scanned.dirty_size = std::max(at, dirty_size_);
    return {};
  }

 private:
  // The batch at `at`, if a whole one is there.
  Result<std::optional<BatchHeader>> batch_at(std::uint64_t at) {
    std::optional<BatchHeader> none;
    TRY_ASSIGN(const Bytes start, window_.view(at, sizeof(BatchHeader)));
    if (start.size() < sizeof(BatchHeader)) return none;
    BatchHeader header;
    std::memcpy(&header, start.data(), sizeof header);
    if (!is_plausible(header)) return none;
    const std::size_t size = sizeof header + header.body_size;
    if (size > file_size_ - at) return none;
    TRY_ASSIGN(const Bytes batch, window_.view(at, size));
    if (batch_checksum(batch, salt_) != header.checksum) return none;
    if (!has_records(batch.subspan(sizeof header), header.count))
      return damaged(name_, at, "a batch's records contradict its header");
    return std::optional(header);
  }

  // Where, from `at` on, a whole batch starts that proves records from `expected` on. Finds out
  // where the zeros begin, too.
  Result<std::optional<std::uint64_t>> whole_batch_after(std::uint64_t at, std::uint64_t expected) {
    dirty_size_ = at;
    tail_.forget();
    // A record takes 64 bytes, so no batch of this segment is farther ahead than that.
    const std::uint64_t offsets_max = file_size_ / sizeof(StoredHeader) + 1;
    while (at < file_size_) {
      TRY_ASSIGN(const Bytes bytes, tail_.view(at, window_size));
      note_dirty(at, bytes);
      for (std::size_t i = 0; i + sizeof(BatchHeader) <= bytes.size(); i += 8) {
        const auto offset = load<std::uint64_t>(bytes, i + offsetof(BatchHeader, offset_first));
        if (offset - expected > offsets_max) continue;
        TRY_ASSIGN(const auto batch, batch_at(at + i));
        if (batch) return std::optional(at + i);
      }
      if (bytes.size() < window_size) break;
      at += window_size - sizeof(BatchHeader);  // A header may lie across the border.
    }
    return std::optional<std::uint64_t>();
  }

  void note_dirty(std::uint64_t at, Bytes bytes) {
    std::size_t size = bytes.size();
    while (size >= 8 && load<std::uint64_t>(bytes, size - 8) == 0) size -= 8;
    while (size > 0 && bytes[size - 1] == std::byte{0}) --size;
    if (size > 0) dirty_size_ = std::max(dirty_size_, at + size);
  }

  Window window_;
  Window tail_;  // A second place of reading: whole_batch_after() looks at batches on its way.
  const SegmentName name_;
  const std::uint64_t file_size_;
  const std::uint32_t salt_;
  std::uint64_t dirty_size_ = 0;
};

}  // namespace

Error damaged(const SegmentName& name, std::uint64_t byte, std::string_view why) {
  return {Code::corrupt, name.to_string() + " is damaged at byte " + std::to_string(byte) + ": " +
                             std::string(why)};
}

Result<SegmentHeader> read_segment_header(io::File& file, const SegmentName& name) {
  std::vector<std::byte> block(segment_header_size);
  TRY_ASSIGN(const std::size_t got, file.read_at(0, block));
  auto header = decode_segment_header(Bytes(block).first(got));
  if (!header.ok()) {
    if (header.error().code() == Code::corrupt) return damaged(name, 0, header.error().message());
    return std::move(header).error().within(name.to_string());
  }
  if (header.value().incarnation != name.incarnation ||
      header.value().first_offset != name.first_offset)
    return damaged(name, 0, "the header is another segment's");
  return header;
}

Result<bool> scan_on(io::File& file, const SegmentName& name, Scanned& scanned) {
  Scanner scanner(file, name, scanned.file_size, scanned.header.salt);
  return scanner.go_on(scanned);
}

Result<Scanned> scan_segment(io::File& file, const SegmentName& name) {
  Scanned scanned;
  TRY_ASSIGN(scanned.header, read_segment_header(file, name));
  TRY_ASSIGN(scanned.file_size, file.size());
  Scanner scanner(file, name, scanned.file_size, scanned.header.salt);
  TRY(scanner.run(scanned));
  return scanned;
}

}  // namespace matsuri::journal::internal
