// Goal: the lines of a file are the same wherever its blocks end, and memory holds no long line.
// Method: made files, read with every small size of block, beside a plain split.
#include "import/line_reader.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "io/sim_disk.h"

namespace matsuri::imports {
namespace {

constexpr std::size_t size_max = 8;

using Lines = std::vector<std::optional<std::string>>;  // none: too long

class MadeFile {
 public:
  explicit MadeFile(const std::string& content) {
    auto file = disk_.open("lines", io::OpenMode::create);
    EXPECT_TRUE(file.ok());
    EXPECT_TRUE((*file)->write_at(0, as_bytes(content)).ok());
  }
  std::unique_ptr<io::File> open() { return *disk_.open("lines", io::OpenMode::read); }

 private:
  io::SimDisk disk_;
};

Lines split(const std::string& content) {
  Lines lines;
  std::size_t begin = 0;
  while (begin < content.size()) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    const std::string line = content.substr(begin, end - begin);
    if (line.size() <= size_max)
      lines.emplace_back(line);
    else
      lines.emplace_back(std::nullopt);
    begin = end + 1;
  }
  return lines;
}

Lines read(MadeFile& file, std::size_t block_size) {
  LineReader reader(file.open(), size_max, block_size);
  Lines lines;
  for (;;) {
    const auto more = reader.next();
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return lines;
    EXPECT_EQ(reader.number(), lines.size() + 1);
    if (reader.is_too_long()) EXPECT_TRUE(reader.line().empty());
    if (reader.is_too_long())
      lines.emplace_back(std::nullopt);
    else
      lines.emplace_back(std::string(reader.line()));
  }
}

TEST(LineReader, LinesAreTheSameWithEveryBlock) {
  const std::string at_limit(size_max, 'a'), past_limit(size_max + 1, 'b'), huge(100, 'c');
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string("\n\n"), std::string("a"), std::string("a\n"),
        std::string("a\nbc\n\nd"), at_limit, at_limit + '\n', at_limit + '\n' + at_limit,
        past_limit, past_limit + '\n', past_limit + "\nx",
        "x\n" + past_limit + '\n' + at_limit + "\ny\n", huge, huge + "\nz", huge + '\n' + huge,
        std::string("a\r\n\0b\n", 6)}) {
    MadeFile file(content);
    for (std::size_t block_size = 1; block_size < 2 * size_max + 4; ++block_size)
      EXPECT_EQ(read(file, block_size), split(content)) << content << ", blocks of " << block_size;
  }
}

TEST(LineReader, CountsWhatLiesBehind) {
  MadeFile file("ab\ncdefghijkl\n\nm");
  LineReader reader(file.open(), size_max, 4);
  std::vector<std::uint64_t> sizes;
  while (*reader.next()) sizes.push_back(reader.size_done());
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{3, 14, 15, 16}));
}

TEST(LineReader, AFileThatCannotBeReadIsAnError) {
  LineReader reader(*io::posix_files().open("/proc/self/mem", io::OpenMode::read), size_max, 4);
  EXPECT_FALSE(reader.next().ok());
}

}  // namespace
}  // namespace matsuri::imports
