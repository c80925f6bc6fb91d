// Faces are pictures for ever: what was drawn once is drawn the same by every later version.
#include "face/face.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace matsuri::face {
namespace {

// From the repository's root. A line for each face: genome, then the CRC-32C of its picture for
// each feeling.
const std::string golden_file = "tests/golden/face/faces.txt";

TEST(Genome, HasOneText) {
  EXPECT_EQ(to_string({0}), "0000000000000000");
  EXPECT_EQ(to_string({0x0123456789abcdef}), "0123456789abcdef");
  EXPECT_EQ(parse_genome("ffffffffffffffff").value(), (Genome{~std::uint64_t{0}}));
  EXPECT_EQ(parse_genome("0123456789abcdef").value(), (Genome{0x0123456789abcdef}));
  for (const char* text : {"", "0", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
                           "0123456789abcdeg", " 123456789abcdef", "+123456789abcdef"})
    EXPECT_FALSE(parse_genome(text).ok()) << text;
}

TEST(Genome, FollowsFromASeed) {
  // The first output of splitmix64 for these seeds.
  EXPECT_EQ(genome_of(0).bits, 0xe220a8397b1dcdafU);
  EXPECT_EQ(genome_of(1234567).bits, 6457827717110365317U);
}

TEST(Genome, SpendsEveryBit) {
  unsigned bit_count = 0;
  std::set<std::string_view> names;
  for (const Gene& gene : genes) {
    bit_count += gene.bit_count;
    EXPECT_TRUE(names.insert(gene.name).second) << gene.name;
  }
  EXPECT_EQ(bit_count, 64U);
}

// Goal: an address of a face never shows another picture. Method: a table that was written once from
// the pictures that defined the faces.
TEST(Face, IsTheGoldenOne) {
  std::ifstream file(golden_file);
  ASSERT_TRUE(file.is_open()) << golden_file;
  int count = 0;
  for (std::string row; std::getline(file, row); ++count) {
    std::istringstream words(row);
    std::string genome;
    words >> genome;
    for (int feeling = 0; feeling < feeling_count; ++feeling) {
      std::uint32_t expected = 0;
      words >> std::hex >> expected;
      const std::string svg = to_svg(parse_genome(genome).value(), feeling);
      ASSERT_EQ(crc32c(as_bytes(svg)), expected) << genome << ' ' << feeling << '\n' << svg;
    }
  }
  EXPECT_EQ(count, 400);
}

// Every gene is to be seen, but for those that say "none" and the spare.
TEST(Face, ShowsItsGenes) {
  const Genome plain = genome_of(7);
  unsigned shift = 0;
  for (const Gene& gene : genes) {
    const std::uint64_t mask = ((std::uint64_t{1} << gene.bit_count) - 1) << shift;
    std::set<std::string> pictures;
    for (std::uint64_t value = 0; value < std::uint64_t{1} << gene.bit_count; ++value)
      pictures.insert(to_svg({(plain.bits & ~mask) | value << shift}, 0));
    if (gene.name == "spare")
      EXPECT_EQ(pictures.size(), 1U);
    else if (gene.name != "glass_colour" && gene.name != "extra_colour")  // plain wears neither
      EXPECT_GT(pictures.size(), 1U) << gene.name;
    shift += gene.bit_count;
  }
}

}  // namespace
}  // namespace matsuri::face
