#include "program_builder/testing/videos.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace matsuri::program_builder::testing {

Videos::Videos() {
  folder_ = (std::filesystem::temp_directory_path() / "matsuri-videos-XXXXXX").string();
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
}

Videos::~Videos() { std::filesystem::remove_all(folder_); }

std::string Videos::make(const std::string& name, const std::string& arguments) const {
  const std::string out = path(name);
  const std::string command = "ffmpeg -nostdin -v error -y " + arguments + " '" + out + "' > '" +
                              path("ffmpeg.log") + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << command << '\n' << read(path("ffmpeg.log"));
  return out;
}

std::string Videos::write(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

std::string Videos::read(const std::string& file) const {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<match::Row> wandering_rows(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  const auto number = [&](int most) { return static_cast<double>(random() % 1000) * most / 1000; };
  struct Spot {
    double x, y, right, down, size, light;
  };
  std::vector<Spot> spots;
  std::vector<match::Row> rows;
  for (std::size_t row = 0; row < count; ++row) {
    // A new scene every three seconds.
    if (row % 30 == 0) {
      spots.clear();
      for (int i = 0; i < 14; ++i)
        spots.push_back({number(32), number(16), number(2) - 1, number(1) - 0.5, 1 + number(4),
                         number(400) - 200});
    }
    match::Luma luma;
    for (std::size_t cell = 0; cell < match::cell_count; ++cell) {
      const auto x = static_cast<double>(cell % match::cells_wide);
      const auto y = static_cast<double>(cell / match::cells_wide);
      double light = 128;
      for (const Spot& spot : spots) {
        const double right = (x - spot.x) / spot.size, down = (y - spot.y) / spot.size;
        light += spot.light / (1 + (right * right + down * down) * (right * right + down * down));
      }
      luma[cell] = std::clamp(light, 0.0, 255.0);
    }
    rows.push_back(match::quantize(match::features(luma)));
    for (Spot& spot : spots) {
      spot.x += spot.right;
      spot.y += spot.down;
    }
  }
  return rows;
}

}  // namespace matsuri::program_builder::testing
