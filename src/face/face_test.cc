// Faces are pictures for ever: what was drawn once is drawn the same by every later version.
#include "face/face.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
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

// Compares each row with what we draw; gives how many there were.
int compare(std::istream& rows) {
  int count = 0;
  for (std::string row; std::getline(rows, row); ++count) {
    std::istringstream words(row);
    std::string genome;
    words >> genome;
    for (int feeling = 0; feeling < feeling_count; ++feeling) {
      std::uint32_t expected = 0;
      words >> std::hex >> expected;
      const std::string svg = to_svg(parse_genome(genome).value(), feeling);
      EXPECT_EQ(crc32c(as_bytes(svg)), expected) << genome << ' ' << feeling << '\n' << svg;
      if (::testing::Test::HasFailure()) return count;  // one is enough to read
    }
  }
  return count;
}

// Each value of each gene upon genomes drawn by lot, and as many again as they fall.
std::string genomes_of_all_kinds(std::uint64_t seed) {
  std::mt19937_64 next(seed);
  std::string text;
  unsigned shift = 0;
  for (const Gene& gene : genes) {
    const std::uint64_t mask = ((std::uint64_t{1} << gene.bit_count) - 1) << shift;
    for (std::uint64_t value = 0; value < std::uint64_t{1} << gene.bit_count; ++value) {
      text += to_string({(next() & ~mask) | value << shift}) + '\n';
      for (int count = 0; count < 4; ++count) text += to_string({next()}) + '\n';
    }
    shift += gene.bit_count;
  }
  return text;
}

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
  EXPECT_EQ(compare(file), 400);
}

// Goal: nothing that the table happens to leave out differs from the pictures that defined the faces.
// Method: their JavaScript draws beside us, over genomes of every kind.
TEST(Face, IsThatOfTheJavaScript) {
  const char* shared = std::getenv("MATSURI_SHARED");
  const std::string original =
      std::string(shared != nullptr ? shared : "../shared") + "/ui/faces.js";
  if (!std::filesystem::exists(original)) GTEST_SKIP() << "faces.js is not in the shared data";
  if (std::system("node --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no node";
  const char* given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : 20261121;
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));

  const std::string path = ::testing::TempDir() + "face_test_genomes_" + std::to_string(getpid());
  std::ofstream(path) << genomes_of_all_kinds(seed);
  const std::string command = "node tools/faces/hashes.js '" + original + "' < '" + path + "'";
  std::FILE* const pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string printed;
  char part[4096];
  while (const std::size_t size = std::fread(part, 1, sizeof part, pipe))
    printed.append(part, size);
  ASSERT_EQ(pclose(pipe), 0);
  std::filesystem::remove(path);
  std::istringstream rows(printed);
  EXPECT_EQ(compare(rows), 860);
}

// Goal: a figure is its face; only what is behind it is left out, and what is below is seen.
TEST(Face, StandsOnNothingInACrowd) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::string face = to_svg(genome_of(seed), 1);
    const std::size_t paper = face.find("<rect width=\"100\" height=\"100\" fill=\"#");
    ASSERT_NE(paper, std::string::npos) << face;
    face.erase(paper, face.find("/>", paper) + 2 - paper);
    const std::string_view size = "0 0 100 100\"";
    face.replace(face.find(size), size.size(), "0 0 100 107\"");
    EXPECT_EQ(to_svg(genome_of(seed), 1, Ground::none), face);
  }
}

// Opened by itself it is a document of our origin: nothing in it may run, or ask for more.
TEST(Face, NeedsNothingFromOutside) {
  std::istringstream genomes(genomes_of_all_kinds(7));
  for (std::string genome; std::getline(genomes, genome);) {
    const std::string svg = to_svg(parse_genome(genome).value(), 0);
    for (const char* foreign : {"href", "style", "script", "url(", "<!", "<?", " on", "&"})
      ASSERT_EQ(svg.find(foreign), std::string::npos) << genome << ' ' << foreign;
  }
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
