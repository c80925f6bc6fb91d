// Check-in, from the picture to the points that are due.
//
//   kernel         the CPU of one match, from a seed to the best of 61 rows
//   resident-cpu   the CPU of a resident closure for one check-in over HTTP, durable in its journal
//   resident       check-ins a second of one core, beside a handler that does nothing but append
//   ticket         tickets, beside a handler that does nothing
//   refusal        attempts that are refused and recorded, beside the one that appends
//   vs-cgi         check-ins, beside the same closure as CGI under the real Apache
//   vs-sync        check-ins, beside the same judgement and an INSERT into MariaDB each
//   apply-sqlite   attempts from the journal into SQLite, up to what is due, beside bare rows
//   apply-mariadb  the same into MariaDB
//   ship           records of inboxes into the journal by the agent, for each core that works
//
// The kernel's baseline is the prototype that the design was measured with: the same search over
// rows of floats, in AVX2. Its source is compiled here, with -O3 for this processor's AVX2; where
// it is not there, the row has no baseline. It measures itself by a clock of the wall, which a
// neighbour on the machine makes longer: it is compiled with a clock of its process's CPU time
// instead. A match is made for each key, at moments that lie apart, as those of viewers do.
// Checked: a burst that was made from the reference is found where it was made, and all kernels of
// this processor give the same row and score.
//
// Over HTTP, viewers send what they really would: each with a ticket of their own, and pictures of
// the film that is on, projected on the patterns of that ticket. Checked: each answer is the one
// that is wanted, and journals, inboxes and tables hold that many, of as many tickets.
//
// Starts: closure_object
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include "base/log.h"
#include "bench/checkin_cases.h"
#include "bench/program.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "match/match.h"

namespace matsuri::bench {
namespace {

using match::Descriptor;
using match::Kernel;
using match::Match;
using match::Patterns;
using match::SearchOptions;
using match::Seed;

// A programme of half an hour that is noise, and bursts that were filmed in it.
class Matches {
 public:
  static constexpr std::uint32_t row_count = 18'000;
  static constexpr std::int32_t first_row = 9'000;  // of the moments at which viewers check in
  static constexpr std::int32_t moment_count = 50;

  Matches() {
    std::mt19937 random(1);
    for (std::int8_t& cell : rows_) cell = static_cast<std::int8_t>(random() % 255);
  }

  static Seed seed_of(int number) {
    Seed seed{};
    for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return seed;
  }
  static std::int32_t row_of(int number) { return first_row + number % moment_count; }

  // As a phone makes it that sees the reference's rows from row_of(number) on.
  Descriptor filmed(int number) const {
    const Patterns patterns(seed_of(number));
    Descriptor descriptor{.frame_count = match::frame_count_max};
    for (std::size_t f = 0; f < descriptor.frame_count; ++f) {
      const std::size_t t_ms = f * match::slot_ms;
      const std::size_t row = static_cast<std::size_t>(row_of(number)) + (t_ms + 50) / 100;
      match::Features features;
      for (std::size_t i = 0; i < match::cell_count; ++i)
        features[i] = rows_[row * match::cell_count + i] / match::feature_scale;
      descriptor.frames[f] = {.t_ms = static_cast<std::uint16_t>(t_ms),
                              .values = match::project(patterns, f, features)};
    }
    return descriptor;
  }

  Match find(int number, const Descriptor& descriptor, Kernel kernel) const {
    const Patterns patterns(seed_of(number));
    const SearchOptions range{.from_row = row_of(number) - 30, .to_row = row_of(number) + 30};
    return match::best(patterns, descriptor, reference(), range, kernel);
  }

  // Whether every kernel finds bursts where they were filmed, and says the same of them and of
  // those of another key.
  bool all_agree(int count) const {
    for (int number = 0; number < count; ++number) {
      const Descriptor descriptor = filmed(number);
      const Match expected = find(number, descriptor, Kernel::scalar);
      const Match other = find(number + 1, descriptor, Kernel::scalar);
      if (expected.row != row_of(number) || expected.score < 0.9F || other.score > 0.3F)
        return false;
      for (const Kernel kernel : match::kernels()) {
        const Match found = find(number, descriptor, kernel);
        const Match found_other = find(number + 1, descriptor, kernel);
        if (found.row != expected.row || found.score != expected.score ||
            found_other.row != other.row || found_other.score != other.score)
          return false;
      }
    }
    return true;
  }

 private:
  match::Reference reference() const {
    return {.rows = rows_, .eligible = eligible_, .row_count = row_count};
  }

  std::vector<std::int8_t> rows_ = std::vector<std::int8_t>(row_count * match::cell_count);
  std::vector<std::byte> eligible_ = std::vector<std::byte>(row_count / 8 + 1, std::byte{0xff});
};

// The prototype as a program. Without its source, its compiler or AVX2 there is none.
class Prototype {
 public:
  Prototype() {
    const char* const shared = std::getenv("MATSURI_SHARED");
    const std::string source = std::string(shared == nullptr ? "../shared" : shared) +
                               "/research/checkin_prototype/bench.cpp";
    if (!std::filesystem::exists(source)) {
      say("bench checkin: " + source +
          " is not there: no baseline of the kernel (MATSURI_SHARED names the folder)");
      return;
    }
    if (std::ranges::find(match::kernels(), Kernel::avx2) == match::kernels().end()) {
      say("bench checkin: this processor has no AVX2: no baseline of the kernel");
      return;
    }
    std::ofstream(folder_.path() + "/clock.h") << R"(#include <time.h>
#include <chrono>
namespace std::chrono {
struct cpu_clock {
  using duration = nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<cpu_clock>;
  static time_point now() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return time_point(seconds(now.tv_sec) + nanoseconds(now.tv_nsec));
  }
};
}
#define steady_clock cpu_clock
)";
    Program compiler({"/usr/bin/clang++-19", "-std=c++20", "-O3", "-mavx2", "-mfma", "-include",
                      folder_.path() + "/clock.h", source, "-o", program()},
                     folder_.path() + "/compiler.log");
    if (compiler.wait().status != 0) give_up("cannot compile " + source + ":\n" + compiler.said());
    is_there_ = true;
  }

  bool is_there() const { return is_there_; }

  // Microseconds of CPU for each of its matches.
  double run() {
    Program prototype({program()}, folder_.path() + "/said");
    const Program::End end = prototype.wait();
    const std::string said = prototype.said();
    const std::size_t total = said.rfind("total ");
    if (end.status != 0 || total == std::string::npos) give_up("the prototype said: " + said);
    return std::strtod(said.c_str() + total + 6, nullptr);
  }

 private:
  std::string program() const { return folder_.path() + "/prototype"; }

  Folder folder_;
  bool is_there_ = false;
};

void measure_kernel(const Options& options, Report& report) {
  const Matches matches;
  Prototype prototype;
  const int count = options.quick ? 200 : 4'000;
  const Descriptor descriptor = matches.filmed(0);
  const Kernel fastest = match::kernels().back();
  const Run ours = [&]() -> std::vector<double> {
    const double begin = cpu_seconds();
    float sum = 0;
    for (int number = 0; number < count; ++number)
      sum += matches.find(number, descriptor, fastest).score;
    const double seconds = cpu_seconds() - begin;
    if (!(sum > 0)) give_up("no score");
    return {seconds * 1e6 / count};
  };
  const Run theirs = [&]() -> std::vector<double> {
    return {prototype.is_there() ? prototype.run() : 0};
  };
  const auto figures = compare(options.quick ? 1 : 9, ours, theirs);
  report.add({.name = "kernel",
              .metric = "CPU per match, " + std::string(match::name_of(fastest)),
              .figures = figures[0],
              .unit = "us",
              .baseline = prototype.is_there() ? "prototype, AVX2 over floats" : "",
              .better = Better::smaller,
              .checked = matches.all_agree(options.quick ? 5 : 50)});
}

int run(const Options& options) {
  log::configure(log::Level::error, log::Format::text);
  Report report("checkin", options);
  if (options.wants("kernel")) measure_kernel(options, report);
  measure_requests(options, report);
  measure_appliers(options, report);
  measure_shipping(options, report);
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) {
  using namespace matsuri::bench;
  return run(parse_options(argc, argv, "bench_checkin: viewers check in"));
}
