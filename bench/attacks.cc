// How often a viewer is taken, and how often one who is none: phones before another channel, a
// viewer's post under another ticket, at another time, or with another mac, clean recordings of
// other and of the same footage, stills that look like everything, and numbers that no camera made.
//
// Phones are simulated (src/match/testing/phone.h): the rates are those of the simulator. What they
// film are videos of Debian's packages, a broadcast of five minutes and another channel; with
// --quick, drawings of a minute each, and few phones. The broadcast becomes a programme by the
// builder's own code, and every post is judged by the closure's own (src/closure/admit.h). Rows
// whose names end with `-all` are of the same programme as if a burst might begin anywhere.
// `-titles` are of the other channel's logo and credits, which are drawn by the same rules as the
// broadcast's, and `-titles-known` of the same where the library has them. Which clip was taken for
// which is said on standard error.
//
// The baseline of a row is what was measured when the feature was designed. Checked: no more (of
// viewers: no fewer) were taken than that rate would give at least once in a hundred runs; titles
// have none, and are only counted. MATSURI_SEED makes other phones; the same seed gives the same
// counts.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>

#include "bench/attempts.h"
#include "bench/films.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "match/match.h"
#include "match/testing/phone.h"
#include "program_builder/rating.h"
#include "program_builder/video.h"

namespace matsuri::bench {
namespace {

using closure::Verdict;
using match::Descriptor;
using match::Features;
using match::testing::Film;
using match::testing::Filmed;

constexpr std::array crop_errors = {.02, .04, .06, .08};
// Rows that a wrong moment is away from the true one at least: ten seconds, and the search.
constexpr std::int64_t apart_rows = 130;

class Quiet final : public program_builder::Observer {
 public:
  void progressed(program_builder::Stage, double) override {}
  bool wants_stop() override { return false; }
};

// Both channels as they go on air, and as rows.
struct Channels {
  std::unique_ptr<Film> broadcast, other;
  std::vector<match::Row> rows, other_rows;

  static Channels draw() {
    Channels out;
    out.broadcast = std::make_unique<match::testing::Footage>(match::testing::broadcast());
    out.other = std::make_unique<match::testing::Footage>(match::testing::other_channel());
    out.rows = rows_of(*out.broadcast);
    out.other_rows = rows_of(*out.other);
    return out;
  }

  static Channels read(const std::string& folder) {
    Channels out;
    Quiet quiet;
    say("bench attacks: putting the videos together");
    const auto load = [&](Channel channel, std::unique_ptr<Film>& film,
                          std::vector<match::Row>& rows) {
      const std::string path = make_video(channel, folder);
      film = std::make_unique<Video>(path, folder);
      rows = must(program_builder::read_master(path, 2, quiet)).rows;
    };
    load(Channel::broadcast, out.broadcast, out.rows);
    load(Channel::other, out.other, out.other_rows);
    return out;
  }

  // Where a burst may begin, for a builder who knows these other rows.
  std::vector<std::byte> eligible(std::span<const match::Row> known) const {
    Quiet quiet;
    std::vector<std::span<const match::Row>> library;
    if (!known.empty()) library.push_back(known);
    const auto ratings = must(program_builder::rate(rows, library, 2, quiet));
    std::vector<std::byte> bits((rows.size() + 7) / 8);
    for (std::size_t row = 0; row < rows.size(); ++row)
      if (program_builder::reason_of(ratings[row]) == program_builder::Reason::none)
        bits[row / 8] |= std::byte{1} << (row % 8);
    return bits;
  }

 private:
  static std::vector<match::Row> rows_of(const Film& film) {
    const match::testing::MadeReference made(film);
    std::vector<match::Row> rows(made.row_count());
    for (std::size_t i = 0; i < made.rows.size(); ++i)
      rows[i / match::cell_count][i % match::cell_count] = made.rows[i];
    return rows;
  }
};

std::vector<std::byte> all_of(std::size_t row_count) {
  std::vector<std::byte> bits(program::eligible_size_of(static_cast<std::uint32_t>(row_count)));
  for (std::size_t row = 0; row < row_count; ++row) bits[row / 8] |= std::byte{1} << (row % 8);
  return bits;
}

// Phones, filmed by all cores. Burst i is that of its own seed, whoever films it.
std::vector<Filmed> film_all(const Film& film, std::size_t count, std::uint32_t seed) {
  std::vector<Filmed> out(count);
  count_all(count, [&](std::size_t i, Tally&) {
    std::seed_seq numbers{seed, static_cast<std::uint32_t>(i)};
    std::mt19937 random(numbers);
    out[i] = match::testing::film(film, random, crop_errors[i % crop_errors.size()]);
  });
  return out;
}

Features features_of(const match::Row& row) {
  Features out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = row[i] / match::feature_scale;
  return out;
}

// A burst of 24 frames in time, each as `frame` says.
Descriptor burst_of(const match::Patterns& patterns,
                    const std::function<Features(std::size_t)>& frame) {
  Descriptor out{.frame_count = match::frame_count_max};
  for (std::size_t f = 0; f < out.frame_count; ++f)
    out.frames[f] = {.t_ms = static_cast<std::uint16_t>(f * match::slot_ms),
                     .values = match::project(patterns, f, frame(f))};
  return out;
}

// What a file of the video gives who needs no camera, from `row` on.
Descriptor clean_burst(const match::Patterns& patterns, std::span<const match::Row> rows,
                       std::size_t row) {
  return burst_of(patterns, [&](std::size_t f) {
    return features_of(rows[row + (f * match::slot_ms + 50) / program::ms_per_row]);
  });
}

std::vector<std::size_t> clean_starts(std::span<const match::Row> rows) {
  std::vector<std::size_t> out;
  for (std::size_t row = 0; row + 30 < rows.size(); row += match::rows_per_second)
    out.push_back(row);
  return out;
}

// The mean of the rows, and the directions in which they differ most, as pictures of usual
// contrast.
std::vector<Features> layouts_of(std::span<const match::Row> rows, std::size_t count) {
  std::vector<Features> all, out;
  for (std::size_t row = 0; row < rows.size(); row += 3) all.push_back(features_of(rows[row]));
  Features mean{};
  for (const Features& one : all)
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i] += one[i] / static_cast<double>(all.size());
  const auto product = [](const Features& a, const Features& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  const auto stretch = [&](Features& one, double length) {
    const double factor = length / std::sqrt(product(one, one));
    for (double& cell : one) cell *= factor;
  };
  for (Features& one : all)
    for (std::size_t i = 0; i < mean.size(); ++i) one[i] -= mean[i];
  std::mt19937 random(5);
  for (std::size_t k = 0; k < count; ++k) {
    Features vector;
    for (double& cell : vector) cell = static_cast<double>(random() % 2'001) / 1'000 - 1;
    for (int round = 0; round < 60; ++round) {
      Features next{};
      for (const Features& one : all) {
        const double weight = product(one, vector);
        for (std::size_t i = 0; i < next.size(); ++i) next[i] += weight * one[i];
      }
      stretch(next, 1);
      vector = next;
    }
    for (Features& one : all) {  // what is left is without this direction
      const double weight = product(one, vector);
      for (std::size_t i = 0; i < vector.size(); ++i) one[i] -= weight * vector[i];
    }
    out.push_back(vector);
  }
  out.insert(out.begin(), mean);
  for (Features& one : out) stretch(one, 16);
  return out;
}

class Attacks {
 public:
  Attacks(const Channels& channels, const Options& options, std::uint32_t seed)
      : channels_(channels), options_(options), report_("attacks", options), seed_(seed) {
    say("bench attacks: filming");
    if (wants_viewers())
      viewers_ = film_all(*channels.broadcast, options.quick ? 24 : 320, seed * 2);
    if (options.wants("others"))
      others_ = film_all(*channels.other, options.quick ? 12 : 240, seed * 2 + 1);
    eligible_ = std::make_unique<Judge>(channels.rows, channels.eligible({}));
    known_ = std::make_unique<Judge>(channels.rows, channels.eligible(channels.other_rows));
    all_ = std::make_unique<Judge>(channels.rows, all_of(channels.rows.size()));
    char text[160];
    std::snprintf(text, sizeof text,
                  "bench attacks: %.0f s of broadcast, %.1f %% eligible (%.1f %% where the other "
                  "channel is in the library); seed %u",
                  channels.broadcast->seconds(), eligible_->eligible_share() * 100,
                  known_->eligible_share() * 100, seed);
    say(text);
  }

  int run() {
    take_viewers();
    both("others", {1.2e-5, 1.2e-5}, [&](const Judge& judge) { return others(judge, false); });
    titles("others", [&](const Judge& judge) { return others(judge, true); });
    refuse_keys();
    both("other-moment", {1.2e-4, 1.0e-2}, [&](const Judge& judge) { return moments(judge); });
    both("5-s-away", {.049, .19}, [&](const Judge& judge) { return five_seconds(judge); });
    both("clean-other", {7e-5, 2.8e-4},
         [&](const Judge& judge) { return clean_other(judge, false); });
    titles("clean-other", [&](const Judge& judge) { return clean_other(judge, true); });
    both("clean-same", {8e-4, 1.5e-2}, [&](const Judge& judge) { return clean_same(judge); });
    refuse_layouts();
    refuse_numbers();
    return report_.finish();
  }

 private:
  bool wants_viewers() const {
    return std::ranges::any_of(std::array{"viewers", "keys", "other-moment", "5-s-away"},
                               [&](const char* name) { return options_.wants(name); });
  }

  struct Bounds {
    double eligible = 0, all = 0;
  };

  Viewer viewer(std::size_t burst, std::size_t attack) const {
    return Viewer((std::uint64_t{seed_} << 40) + (attack << 32) + burst);
  }
  static std::int64_t ms_of(double seconds) { return static_cast<std::int64_t>(seconds * 1'000); }
  static std::int64_t row_at(const Filmed& burst) { return ms_of(burst.begin_s) / 100; }

  void judge_at(const Judge& judge, const Post& post, std::int64_t time_ms, Tally& tally) const {
    tally.add(must(judge.judge(post, time_ms)));
  }
  // At every second of the programme, but for the moments around `truth`.
  void judge_everywhere(const Judge& judge, const Post& post, Tally& tally, double film_s,
                        std::int64_t truth = -1'000'000) const {
    for (std::int64_t row = 0; row < judge.row_count(); row += match::rows_per_second) {
      if (std::abs(row - truth) <= apart_rows) continue;
      const std::uint64_t before = tally.accepted;
      judge_at(judge, post, row * 100, tally);
      if (tally.accepted > before)
        ++tally.mistaken[{static_cast<int>(film_s), static_cast<int>(row / 10)}];
    }
  }

  void add(const std::string& name, const Tally& tally, double bound, bool is_checked,
           Better better = Better::smaller) {
    char text[80];
    std::snprintf(text, sizeof text, "%llu of %llu, best %.3f",
                  static_cast<unsigned long long>(tally.accepted),
                  static_cast<unsigned long long>(tally.count),
                  static_cast<double>(tally.best_score));
    report_.add({.name = name,
                 .metric = text,
                 .figures = {.value = tally.share(), .baseline_value = bound},
                 .unit = "share taken",
                 .baseline = name.contains("titles") ? "" : "measured at the design",
                 .better = better,
                 .checked = is_checked});
  }

  // Which clips were taken for which, where there are clips.
  void name_mistaken(const std::string& name, const Tally& tally) const {
    if (options_.quick) return;
    const Channel from =
        name == "others" || name == "clean-other" ? Channel::other : Channel::broadcast;
    std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> clips;
    for (const auto& [seconds, count] : tally.mistaken)
      clips[{clip_at(from, seconds.first), clip_at(Channel::broadcast, seconds.second)}] += count;
    for (const auto& [pair, count] : clips)
      say("  " + name + ": " + std::to_string(count) + " times " + std::string(pair.first) +
          " for " + std::string(pair.second));
  }

  void both(const std::string& name, Bounds bounds,
            const std::function<Tally(const Judge&)>& count) {
    if (!options_.wants(name)) return;
    const double together = name == "5-s-away" ? 1 : windows_per_place;
    const Tally eligible = count(*eligible_);
    add(name, eligible, bounds.eligible, is_at_most(eligible, bounds.eligible, together));
    name_mistaken(name, eligible);
    const Tally all = count(*all_);
    add(name + "-all", all, bounds.all, is_at_most(all, bounds.all, together));
  }

  // Two stations whose titles are drawn by the same rules: what looks the same can't be told apart,
  // and there is no bound; but it can be kept out by whoever has the other's titles in the library.
  void titles(const std::string& name, const std::function<Tally(const Judge&)>& count) {
    if (options_.quick || !options_.wants(name)) return;
    const Tally unknown = count(*eligible_), known = count(*known_);
    add(name + "-titles", unknown, 0, unknown.count > 0);
    name_mistaken(name, unknown);
    add(name + "-titles-known", known, 0, known.count > 0);
    name_mistaken(name, known);
  }

  // Clocks are off by up to 1.5 s.
  Tally viewers(const Judge& judge, std::size_t first, std::size_t step) const {
    return count_all(viewers_.size(), [&](std::size_t i, Tally& tally) {
      if (i % step != first || !judge.is_eligible(static_cast<std::size_t>(row_at(viewers_[i]))))
        return;
      const Viewer who = viewer(i, 1);
      const auto off_ms = static_cast<std::int64_t>(i * 7'919 % 3'001) - 1'500;
      const std::int64_t last_ms = std::int64_t{judge.row_count()} * 100 - 1;
      judge_at(judge, Post(who, viewers_[i].describe(who.patterns)),
               std::clamp(ms_of(viewers_[i].begin_s) + off_ms, std::int64_t{0}, last_ms), tally);
    });
  }

  void take_viewers() {
    if (!options_.wants("viewers")) return;
    const auto show = [&](const std::string& name, const Tally& tally, double bound) {
      add(name, tally, bound, is_at_least(tally, bound), Better::larger);
    };
    show("viewers", viewers(*eligible_, 0, 1), .839);
    show("viewers-all", viewers(*all_, 0, 1), .834);
    constexpr std::array bounds = {.93, .90, .85, .66};
    for (std::size_t e = 0; e < crop_errors.size(); ++e)
      show("viewers-e" + std::to_string(2 * e + 2), viewers(*eligible_, e, crop_errors.size()),
           bounds[e]);
  }

  // Whether a burst of the other channel that begins there sees its logo or credits.
  bool has_titles(double film_s) const {
    return !options_.quick && shows_titles(film_s, film_s + match::burst_ms_max / 1e3);
  }

  Tally others(const Judge& judge, bool with_titles) const {
    const std::size_t rounds = options_.quick ? 1 : 3;
    return count_all(others_.size() * rounds, [&](std::size_t i, Tally& tally) {
      const Filmed& burst = others_[i / rounds];
      if (has_titles(burst.begin_s) != with_titles) return;
      const Viewer who = viewer(i, 2);
      judge_everywhere(judge, Post(who, burst.describe(who.patterns)), tally, burst.begin_s);
    });
  }

  // A post that was right, with one thing of its ticket changed.
  void refuse_keys() {
    if (!options_.wants("keys")) return;
    const Tally replays = count_all(viewers_.size(), [&](std::size_t i, Tally& tally) {
      const Descriptor descriptor = viewers_[i].describe(viewer(i, 3).patterns);
      for (std::size_t other = 0; other < 10; ++other)
        judge_at(*all_, Post(viewer(i * 10 + other, 4), descriptor), ms_of(viewers_[i].begin_s),
                 tally);
    });
    add("other-key", replays, 0,
        replays.count > 0 && replays.accepted == 0 && replays.best_score < .30F);
    const Tally old = count_all(viewers_.size(), [&](std::size_t i, Tally& tally) {
      const Viewer who = viewer(i, 5);
      const Post post(who, viewers_[i].describe(who.patterns));
      const std::int64_t late_ms = closure::ticket_age_ms_max - 1'000 - post.burst_ms + 1;
      tally.add(must(all_->judge(post, ms_of(viewers_[i].begin_s), late_ms)));
    });
    add("old-ticket", old, 0, old.count > 0 && old.accepted == 0);
    const Tally forged = count_all(viewers_.size(), [&](std::size_t i, Tally& tally) {
      const Viewer who = viewer(i, 6);
      Post post(who, viewers_[i].describe(who.patterns));
      constexpr std::size_t mac_letters = 56;  // from here on, all six bits are the mac's
      for (std::size_t letter = mac_letters; letter < post.ticket.size(); ++letter) {
        const char right = post.ticket[letter];
        post.ticket[letter] = right == 'A' ? 'B' : 'A';
        const auto verdict = all_->judge(post, ms_of(viewers_[i].begin_s));
        post.ticket[letter] = right;
        if (verdict.ok())
          tally.add(*verdict);
        else
          tally.add({.count = 1});
      }
    });
    add("forged-mac", forged, 0, forged.count > 0 && forged.accepted == 0);
  }

  Tally moments(const Judge& judge) const {
    return count_all(viewers_.size(), [&](std::size_t i, Tally& tally) {
      const Viewer who = viewer(i, 7);
      judge_everywhere(judge, Post(who, viewers_[i].describe(who.patterns)), tally,
                       viewers_[i].begin_s, row_at(viewers_[i]));
    });
  }

  Tally five_seconds(const Judge& judge) const {
    return count_all(viewers_.size(), [&](std::size_t i, Tally& tally) {
      const Viewer who = viewer(i, 8);
      const Post post(who, viewers_[i].describe(who.patterns));
      for (const std::int64_t off_ms : {-5'000, 5'000})
        if (const auto time_ms = ms_of(viewers_[i].begin_s) + off_ms; time_ms >= 0)
          judge_at(judge, post, time_ms, tally);
    });
  }

  Tally clean_other(const Judge& judge, bool with_titles) const {
    const std::span<const match::Row> rows = channels_.other_rows;
    const std::vector<std::size_t> starts = clean_starts(rows);
    return count_all(starts.size(), [&](std::size_t i, Tally& tally) {
      const double film_s = static_cast<double>(starts[i]) / 10;
      if (has_titles(film_s) != with_titles) return;
      const Viewer who = viewer(i, 9);
      judge_everywhere(judge, Post(who, clean_burst(who.patterns, rows, starts[i])), tally, film_s);
    });
  }

  Tally clean_same(const Judge& judge) const {
    const std::vector<std::size_t> starts = clean_starts(channels_.rows);
    return count_all(starts.size(), [&](std::size_t i, Tally& tally) {
      const Viewer who = viewer(i, 10);
      const Post post(who, clean_burst(who.patterns, channels_.rows, starts[i]));
      judge_everywhere(judge, post, tally, static_cast<double>(starts[i]) / 10,
                       static_cast<std::int64_t>(starts[i]));
    });
  }

  // Stills that look a little like everything, and steps from dark to bright of them.
  void refuse_layouts() {
    if (!options_.wants("layouts")) return;
    constexpr std::size_t count = 4;
    const std::vector<Features> layouts = layouts_of(channels_.other_rows, count);
    const std::size_t rounds = options_.quick ? 2 : 20;
    const auto attack = [&](std::size_t first, std::size_t last, bool steps) {
      return count_all((last - first) * rounds, [&, first](std::size_t i, Tally& tally) {
        const Features& layout = layouts[first + i / rounds];
        const Viewer who = viewer(first * rounds + i, steps ? 11 : 12);
        const auto frame = [&](std::size_t f) {
          Features out = layout;
          if (steps && f < match::frame_count_max / 2)
            for (double& cell : out) cell = -cell;
          return out;
        };
        judge_everywhere(*eligible_, Post(who, burst_of(who.patterns, frame)), tally, 0);
      });
    };
    const auto none = [](const Tally& tally) { return tally.count > 0 && tally.accepted == 0; };
    const Tally mean = attack(0, 1, false), steps = attack(1, count + 1, true);
    add("mean-still", mean, 0, none(mean));
    add("layout-steps", steps, 0, none(steps));
    const Tally stills = attack(1, count + 1, false);
    add("layout-stills", stills, 2.3e-3, is_at_most(stills, 2.3e-3, windows_per_place));
  }

  // Zeros, a constant, a still of noise, noise.
  void refuse_numbers() {
    if (!options_.wants("numbers")) return;
    constexpr std::array names = {"zeros", "constant", "noise-still", "noise"};
    const std::size_t rounds = options_.quick ? 3 : 20;
    for (std::size_t kind = 0; kind < names.size(); ++kind) {
      const Tally tally = count_all(rounds, [&](std::size_t round, Tally& own) {
        std::mt19937 random(static_cast<std::uint32_t>(seed_ * 1'000 + round));
        const auto any = [&] { return static_cast<std::int8_t>(random() % 255 - 127); };
        match::Projection still{};
        if (kind == 1) still.fill(static_cast<std::int8_t>(5 + 6 * round));
        if (kind == 2) std::ranges::generate(still, any);
        Descriptor descriptor{.frame_count = match::frame_count_max};
        for (std::size_t f = 0; f < descriptor.frame_count; ++f) {
          if (kind == 3) std::ranges::generate(still, any);
          descriptor.frames[f] = {.t_ms = static_cast<std::uint16_t>(f * match::slot_ms),
                                  .values = still};
        }
        judge_everywhere(*all_, Post(viewer(round, 13 + kind), descriptor), own, 0);
      });
      add(names[kind], tally, 0, tally.count > 0 && tally.accepted == 0 && tally.best_score < .35F);
    }
  }

  const Channels& channels_;
  const Options& options_;
  Report report_;
  std::uint32_t seed_;
  std::vector<Filmed> viewers_, others_;
  // The programme of a builder without a library, of one who knows the other channel, and of none.
  std::unique_ptr<Judge> eligible_, known_, all_;
};

int run(const Options& options) {
  const char* const text = std::getenv("MATSURI_SEED");
  const auto seed = static_cast<std::uint32_t>(text == nullptr ? 1 : std::atoi(text));
  const Folder folder;
  const Channels channels = options.quick ? Channels::draw() : Channels::read(folder.path());
  return Attacks(channels, options, seed).run();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) {
  using namespace matsuri::bench;
  return run(parse_options(argc, argv, "bench_attacks [--out FILE] [--quick] [--case NAME]..."));
}
