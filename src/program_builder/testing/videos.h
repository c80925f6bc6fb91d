// Videos that a test makes with ffmpeg, in a folder that is gone with the test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/features.h"
#include "program_builder/observer.h"

namespace matsuri::program_builder::testing {

class Videos {
 public:
  Videos();
  ~Videos();
  Videos(const Videos&) = delete;
  Videos& operator=(const Videos&) = delete;

  std::string path(const std::string& name) const { return folder_ + '/' + name; }
  // `ffmpeg ARGUMENTS path(name)`; fails the test where ffmpeg does. Gives the path.
  std::string make(const std::string& name, const std::string& arguments) const;
  // A file of these bytes.
  std::string write(const std::string& name, const std::string& content) const;
  std::string read(const std::string& path) const;

 private:
  std::string folder_;
};

// Says nothing and never stops.
class Silent final : public Observer {
 public:
  void progressed(Stage, double) override {}
  bool wants_stop() override { return false; }
};

// Rows that no other seed makes: spots that wander. Each picture differs from those a second later.
std::vector<match::Row> wandering_rows(std::uint64_t seed, std::size_t count);

}  // namespace matsuri::program_builder::testing
