#include "bench/attempts.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <thread>

#include "bench/scratch.h"
#include "ticket/ticket.h"

namespace matsuri::bench {
namespace {

constexpr std::uint64_t programme = 7;
constexpr std::int64_t issued_unix_ms = 1'796'126'400'000;
constexpr std::int64_t dt_ms = 1'000;
constexpr double chance_min = .01;

const ticket::Keys& keys() {
  static const ticket::Keys keys =
      must(ticket::Keys::parse(ticket::Keys::line_of(1, ticket::Secret{})));
  return keys;
}

ticket::Ticket ticket_of(std::uint64_t number) {
  ticket::Ticket ticket{.key = 1,
                        .account = AccountId{number % 100'000 + 1},
                        .programme = ticket::ProgrammeId{programme},
                        .issued_unix_ms = issued_unix_ms};
  std::memcpy(ticket.nonce.data(), &number, sizeof number);
  return ticket;
}

match::Patterns patterns_of(std::uint64_t number) {
  const ticket::Digest digest = ticket::seed_of(keys(), ticket_of(number));
  match::Seed seed;
  std::memcpy(seed.data(), digest.data(), seed.size());
  return match::Patterns::expand(seed);
}

program::Lines show_of(std::span<const match::Row> rows, Bytes eligible) {
  const auto duration_ms = static_cast<std::uint32_t>(rows.size()) * program::ms_per_row;
  return must(program::make_show(
      {.programme = programme,
       .title = "Attacked",
       .start_unix_ms = issued_unix_ms,
       .duration_ms = duration_ms,
       .windows = {{.id = 1, .start_ms = 0, .end_ms = duration_ms, .points = 1, .campaign = "a"}}},
      rows, eligible));
}

// The chance of exactly `count` of `n` where each has the chance p.
double chance_of(double count, double n, double p) {
  if (p <= 0) return count == 0 ? 1 : 0;
  return std::exp(std::lgamma(n + 1) - std::lgamma(count + 1) - std::lgamma(n - count + 1) +
                  count * std::log(p) + (n - count) * std::log1p(-p));
}

}  // namespace

Viewer::Viewer(std::uint64_t number)
    : ticket(ticket::seal(keys(), ticket_of(number))), patterns(patterns_of(number)) {}

Post::Post(const Viewer& viewer, const match::Descriptor& descriptor)
    : ticket(viewer.ticket),
      wire(match::pack(descriptor)),
      burst_ms(static_cast<std::int64_t>(descriptor.burst_ms())) {}

Judge::Judge(std::span<const match::Row> rows, Bytes eligible)
    : bytes_(show_of(rows, eligible)),
      show_(must(program::Show::open(program::bytes_of(bytes_)))) {}

Result<closure::Verdict> Judge::judge(const Post& post, std::int64_t time_ms,
                                      std::int64_t late_ms) const {
  const closure::Broadcast broadcast{.start_unix_ms = issued_unix_ms + dt_ms - time_ms};
  return closure::admit({.show = show_, .keys = keys(), .broadcast = broadcast},
                        {.ticket = post.ticket, .dt_ms = dt_ms, .descriptor = as_bytes(post.wire)},
                        issued_unix_ms + dt_ms + post.burst_ms + late_ms);
}

double Judge::eligible_share() const {
  std::uint32_t count = 0;
  for (std::uint32_t row = 0; row < row_count(); ++row) count += is_eligible(row) ? 1 : 0;
  return static_cast<double>(count) / row_count();
}

void Tally::add(const closure::Verdict& verdict) {
  if (verdict.result == CheckinResult::not_eligible || verdict.result == CheckinResult::no_window)
    return;
  ++count;
  if (verdict.result == CheckinResult::ok) ++accepted;
  best_score = std::max(best_score, verdict.score);
}

void Tally::add(const Tally& other) {
  count += other.count;
  accepted += other.accepted;
  best_score = std::max(best_score, other.best_score);
  for (const auto& [seconds, times] : other.mistaken) mistaken[seconds] += times;
}

double Tally::share() const {
  return count == 0 ? 0 : static_cast<double>(accepted) / static_cast<double>(count);
}

Tally count_all(std::size_t count, const std::function<void(std::size_t, Tally&)>& work) {
  Tally sum;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      Tally own;
      for (std::size_t at = next++; at < count; at = next++) work(at, own);
      const std::lock_guard lock(mutex);
      sum.add(own);
    });
  }
  threads.clear();  // waits for them
  return sum;
}

bool is_at_most(const Tally& tally, double bound, double together) {
  const double n = std::floor(static_cast<double>(tally.count) / together);
  const double accepted = std::ceil(static_cast<double>(tally.accepted) / together);
  double fewer = 0;
  for (double count = 0; count < accepted; ++count) fewer += chance_of(count, n, bound);
  return tally.count > 0 && 1 - fewer >= chance_min;
}

bool is_at_least(const Tally& tally, double bound) {
  double as_few = 0;
  for (std::uint64_t count = 0; count <= tally.accepted; ++count)
    as_few += chance_of(static_cast<double>(count), static_cast<double>(tally.count), bound);
  return tally.count > 0 && as_few >= chance_min;
}

}  // namespace matsuri::bench
