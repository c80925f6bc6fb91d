// What phones film of a programme, prepared before anybody is hurried: the simulated phones of
// match/testing stand before a TV that shows the programme's rows. Under the seed of a ticket a
// burst becomes what its viewer sends.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "match/patterns.h"
#include "match/testing/phone.h"
#include "program/show.h"

namespace matsuri::traffic {

// One burst, in whole numbers: they give what doubles give, and cost a tenth.
class Burst {
 public:
  explicit Burst(const match::testing::Filmed& filmed);

  std::int64_t begin_ms() const { return begin_ms_; }  // of the programme
  std::int64_t length_ms() const { return t_ms_.back(); }
  // The wire form of match/descriptor.h.
  std::string describe(const match::Seed& seed) const;

 private:
  using Row = std::array<std::int16_t, match::cell_count>;
  std::int64_t begin_ms_;
  std::vector<std::uint16_t> t_ms_;
  std::vector<Row> rows_;
};

struct FilmOptions {
  std::int64_t from_ms = 0;  // of the programme
  std::int64_t to_ms = 0;
  // A phone each so often. Within the three seconds that a closure searches to both sides.
  std::int64_t every_ms = 2000;
  std::uint32_t seed = 1;
};

class Bursts {
 public:
  // Films on all cores; each phone stands and holds as its seed says. A show's rows have the local
  // contrast of pictures alone, so what the TV shows is drawn from that.
  static Bursts of_show(const program::Show& show, const FilmOptions& options);
  // Of a channel that the closure does not know.
  static Bursts of_other_channel(std::size_t count, std::uint32_t seed);

  // Those of later times.
  void add(const Bursts& later) {
    bursts_.insert(bursts_.end(), later.bursts_.begin(), later.bursts_.end());
  }

  // The one that was filmed next to that time. REQUIRES: there is one.
  const Burst& near(std::int64_t time_ms) const;
  const Burst& any(std::mt19937& random) const { return bursts_[random() % bursts_.size()]; }
  std::size_t count() const { return bursts_.size(); }

 private:
  explicit Bursts(std::vector<Burst> bursts) : bursts_(std::move(bursts)) {}
  std::vector<Burst> bursts_;  // by time
};

}  // namespace matsuri::traffic
