// Lines of a file of any size, with memory for one block of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file.h"

namespace matsuri::imports {

// One thread. A line over the limit is passed over with its number, and never held as a whole.
class LineReader {
 public:
  LineReader(std::unique_ptr<io::File> file, std::size_t line_size_max,
             std::size_t block_size = std::size_t{1} << 20);

  // Goes to the next line; false behind the last one. The newline does not belong to a line, and
  // the last line needs none.
  Result<bool> next();

  // Of the line that next() went to. line() is valid until next(), and empty where is_too_long().
  std::string_view line() const { return line_; }
  bool is_too_long() const { return is_too_long_; }
  std::uint64_t number() const { return number_; }  // the first line is 1
  // Bytes of the file that lie behind us, this line included.
  std::uint64_t size_done() const { return read_offset_ - (held_end_ - held_begin_); }

 private:
  // Reads one more block behind what is held; false at the end of the file.
  Result<bool> fill();

  std::unique_ptr<io::File> file_;
  const std::size_t line_size_max_;
  const std::size_t block_size_;
  std::string buffer_;
  std::size_t held_begin_ = 0;  // what was read and is no line yet lies in [held_begin_, held_end_)
  std::size_t held_end_ = 0;
  std::uint64_t read_offset_ = 0;
  std::string_view line_;
  bool is_too_long_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace matsuri::imports
