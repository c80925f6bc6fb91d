#include "import/line_reader.h"

#include <cstring>
#include <span>
#include <utility>

#include "base/assert.h"

namespace matsuri::imports {

LineReader::LineReader(std::unique_ptr<io::File> file, std::size_t line_size_max,
                       std::size_t block_size)
    : file_(std::move(file)), line_size_max_(line_size_max), block_size_(block_size) {
  MATSURI_ASSERT(block_size > 0);
  buffer_.resize(line_size_max_ + block_size_);
}

Result<bool> LineReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + held_begin_, held_end_ - held_begin_);
  held_end_ -= std::exchange(held_begin_, 0);
  const std::span room(buffer_.data() + held_end_, block_size_);
  MATSURI_ASSERT(held_end_ + block_size_ <= buffer_.size());
  TRY_ASSIGN(const std::size_t got, file_->read_at(read_offset_, std::as_writable_bytes(room)));
  held_end_ += got;
  read_offset_ += got;
  return got > 0;
}

Result<bool> LineReader::next() {
  line_ = {};
  is_too_long_ = false;
  std::size_t searched = 0;  // bytes of what is held that hold no newline
  for (;;) {
    const char* const begin = buffer_.data() + held_begin_;
    const std::size_t held = held_end_ - held_begin_;
    const void* const newline = std::memchr(begin + searched, '\n', held - searched);
    if (newline != nullptr) {
      const auto size = static_cast<std::size_t>(static_cast<const char*>(newline) - begin);
      is_too_long_ = is_too_long_ || size > line_size_max_;
      if (!is_too_long_) line_ = {begin, size};
      held_begin_ += size + 1;
      ++number_;
      return true;
    }
    if (held > line_size_max_ || is_too_long_) {
      is_too_long_ = true;
      held_begin_ = held_end_;
    }
    searched = held_end_ - held_begin_;
    TRY_ASSIGN(const bool more, fill());
    if (more) continue;
    // The last line has no newline.
    if (searched == 0 && !is_too_long_) return false;
    line_ = {buffer_.data() + held_begin_, searched};
    held_begin_ = held_end_;
    ++number_;
    return true;
  }
}

}  // namespace matsuri::imports
