// Viewers in front of a closure, and in front of what else could answer them. Whoever answers has
// one core, with all that works for it; this process asks from the other one.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bench/checkin_cases.h"
#include "bench/checkin_servers.h"
#include "bench/checkin_viewers.h"
#include "bench/cores.h"
#include "bench/exchange.h"
#include "sql/testing/mariadb_server.h"

namespace matsuri::bench {
namespace {

using Requests = std::vector<std::string>;

constexpr double cpu_floor_us = 90;
constexpr std::size_t connection_count = 192;  // fewer than the attempts that may wait
// A process, or a thread that waits, for each: more only makes them wait for each other.
constexpr std::size_t slow_connection_count = 64;

constexpr std::string_view ok = R"("answer":"ok")";
constexpr std::string_view a_ticket = R"("answer":"ticket")";
constexpr std::string_view null_ok = R"({"ok":true})";

struct Counts {
  std::size_t full = 0;
  std::size_t quick = 0;
};

// Asks all of it, one request at a time on each connection, and compares what is answered.
class Crowd {
 public:
  explicit Crowd(const Options& options) : is_quick_(options.quick) {}

  std::size_t count(const Counts& counts) const { return is_quick_ ? counts.quick : counts.full; }
  int pair_count(int full) const { return is_quick_ ? 1 : full; }

  // Answers a second. `is_wanted` sees each.
  template <class Wanted>
  double ask(std::uint16_t port, const Requests& requests, std::size_t connections,
             const Wanted& is_wanted) {
    Exchange exchange(port, connections);
    const double begin = seconds_now();
    for (std::size_t next = 0; next < requests.size() || !exchange.is_idle();) {
      while (next < requests.size() && exchange.has_room())
        exchange.ask(requests[next++], [&](const Answer& answer) {
          if (answer.status == 200 && is_wanted(answer.body)) return;
          if (all_wanted_)
            say("not wanted: " + std::string(answer.head) + std::string(answer.body));
          all_wanted_ = false;
        });
      exchange.poll(1);
    }
    return static_cast<double>(requests.size()) / (seconds_now() - begin);
  }
  double ask(std::uint16_t port, const Requests& requests, std::size_t connections,
             std::string_view wanted) {
    return ask(port, requests, connections,
               [wanted](std::string_view body) { return body.contains(wanted); });
  }
  bool all_wanted() const { return all_wanted_; }

 private:
  const bool is_quick_;
  bool all_wanted_ = true;
};

// Somebody who answers check-ins. Each time as many are sent as are answered in a second and a
// half, because they have to be answered before their tickets are too old.
class Side {
 public:
  Side(Crowd& crowd, std::uint16_t port, std::size_t connections)
      : crowd_(crowd), port_(port), connections_(connections) {}

  // Answers a second.
  double ask(Viewers& viewers) { return ask(viewers.check_ins(count_), ok); }
  template <class Wanted>
  double ask(const Requests& requests, const Wanted& wanted) {
    const double rate = crowd_.ask(port_, requests, connections_, wanted);
    asked_count_ += requests.size();
    count_ = std::clamp(static_cast<std::size_t>(rate * 1.5), count_min, count_max);
    return rate;
  }
  std::size_t next_count() const { return count_; }
  std::size_t asked_count() const { return asked_count_; }

 private:
  static constexpr std::size_t count_min = 100;
  static constexpr std::size_t count_max = 12'000;

  Crowd& crowd_;
  const std::uint16_t port_;
  const std::size_t connections_;
  std::size_t count_ = count_min;
  std::size_t asked_count_ = 0;
};

Kept all_ok(std::size_t count) {
  return {.count = count, .ok_count = count, .ticket_count = count};
}

// Check-ins that are ok, beside the null handler with the same requests.
void measure_resident(const Options& options, Report& report, Viewers& viewers) {
  Resident closure(viewers);
  NullServer null;
  Crowd crowd(options);
  Side ours(crowd, closure.port(), connection_count);
  Side theirs(crowd, null.port(), connection_count);
  ours.ask(viewers);
  Requests requests = viewers.check_ins(ours.next_count());
  theirs.ask(requests, null_ok);
  const auto figures = compare(
      crowd.pair_count(9),
      [&]() -> std::vector<double> {
        requests = viewers.check_ins(ours.next_count());
        const double before = closure.cpu();
        const double rate = ours.ask(requests, ok);
        return {rate, (closure.cpu() - before) * 1e6 / static_cast<double>(requests.size())};
      },
      [&]() -> std::vector<double> { return {theirs.ask(requests, null_ok), cpu_floor_us}; });
  const bool checked = crowd.all_wanted() && closure.stop() == all_ok(ours.asked_count()) &&
                       null.stop() == theirs.asked_count();
  if (options.wants("resident-cpu"))
    report.add({.name = "resident-cpu",
                .metric = "server CPU a check-in",
                .figures = figures[1],
                .unit = "us",
                .baseline = "what it may cost",
                .better = Better::smaller,
                .checked = checked});
  if (options.wants("resident"))
    report.add({.name = "resident",
                .metric = "check-ins, durable",
                .figures = figures[0],
                .unit = "1/s",
                .baseline = "null handler, same append",
                .better = Better::larger,
                .checked = checked});
}

void measure_ticket(const Options& options, Report& report, const Viewers& viewers) {
  Resident closure(viewers);
  NullServer null;
  Crowd crowd(options);
  const Requests requests = viewers.ticket_requests(crowd.count({.full = 50'000, .quick = 1'000}));
  const auto figures = compare(
      crowd.pair_count(9),
      [&] { return std::vector{crowd.ask(closure.port(), requests, connection_count, a_ticket)}; },
      [&] { return std::vector{crowd.ask(null.port(), requests, connection_count, null_ok)}; });
  // Tickets are kept nowhere.
  const bool checked = crowd.all_wanted() && closure.stop() == Kept{} && null.stop() == 0;
  report.add({.name = "ticket",
              .metric = "tickets",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = "null handler",
              .better = Better::larger,
              .checked = checked});
}

void measure_refusal(const Options& options, Report& report, Viewers& viewers) {
  Resident closure(viewers, io::system_clock().unix_ms() + 3'600'000);
  NullServer null;
  Crowd crowd(options);
  Side ours(crowd, closure.port(), connection_count);
  Side theirs(crowd, null.port(), connection_count);
  std::size_t late_count = 0, flat_count = 0, closed_count = 0;
  const auto is_refusal = [&](std::string_view body) {
    const bool is_late = body.contains(R"("hint":"new_ticket")");
    const bool is_flat = body.contains(R"("hint":"more_light")");
    const bool is_closed = body.contains(R"("answer":"not_now")");
    late_count += is_late ? 1 : 0;
    flat_count += is_flat ? 1 : 0;
    closed_count += is_closed ? 1 : 0;
    return is_late || is_flat || is_closed;
  };
  const auto refusals = [&] { return viewers.refusals(ours.next_count() / 3 * 3); };
  ours.ask(refusals(), is_refusal);
  Requests requests = refusals();
  theirs.ask(requests, null_ok);
  const auto figures = compare(
      crowd.pair_count(9),
      [&] {
        requests = refusals();
        return std::vector{ours.ask(requests, is_refusal)};
      },
      [&] { return std::vector{theirs.ask(requests, null_ok)}; });
  const std::size_t asked_count = ours.asked_count();
  const Kept wanted{.count = asked_count, .ok_count = 0, .ticket_count = asked_count};
  const bool checked = crowd.all_wanted() && late_count * 3 == asked_count &&
                       flat_count == late_count && closed_count == late_count &&
                       closure.stop() == wanted && null.stop() == theirs.asked_count();
  report.add({.name = "refusal",
              .metric = "refusals, recorded",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = "null handler, same append",
              .better = Better::larger,
              .checked = checked});
}

void measure_cgi(const Options& options, Report& report, Viewers& viewers) {
  Resident closure(viewers);
  Apache cgi(viewers, Apache::How::cgi);
  Apache cgid(viewers, Apache::How::cgid);
  Crowd crowd(options);
  Side ours(crowd, closure.port(), connection_count);
  Side by_cgi(crowd, cgi.port(), slow_connection_count);
  Side by_cgid(crowd, cgid.port(), slow_connection_count);
  for (Side* side : {&ours, &by_cgi, &by_cgid}) side->ask(viewers);
  const auto figures = compare(
      crowd.pair_count(5), [&] { return std::vector{ours.ask(viewers)}; },
      [&] {
        const double rate = by_cgi.ask(viewers);
        return std::vector{std::max(rate, by_cgid.ask(viewers))};
      });
  const bool checked = crowd.all_wanted() && closure.stop() == all_ok(ours.asked_count()) &&
                       cgi.stop() == all_ok(by_cgi.asked_count()) &&
                       cgid.stop() == all_ok(by_cgid.asked_count());
  report.add({.name = "vs-cgi",
              .metric = "check-ins, durable",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = "Apache, mod_cgi or mod_cgid",
              .better = Better::larger,
              .checked = checked});
}

void measure_sync(const Options& options, Report& report, Viewers& viewers) {
  sql::MariadbServer* const mariadb = sql::MariadbServer::get();
  if (mariadb == nullptr) give_up("mariadbd is not installed (package mariadb-server)");
  const ProcessOnCores serving(mariadb->pid(), serving_core());
  Resident closure(viewers);
  SyncServer sync(viewers, mariadb->fresh_database("attempts"));
  Crowd crowd(options);
  Side ours(crowd, closure.port(), connection_count);
  Side theirs(crowd, sync.port(), slow_connection_count);
  for (Side* side : {&ours, &theirs}) side->ask(viewers);
  const auto figures = compare(
      crowd.pair_count(5), [&] { return std::vector{ours.ask(viewers)}; },
      [&] { return std::vector{theirs.ask(viewers)}; });
  const bool checked = crowd.all_wanted() && closure.stop() == all_ok(ours.asked_count()) &&
                       sync.stop() == all_ok(theirs.asked_count());
  report.add({.name = "vs-sync",
              .metric = "check-ins, durable",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = "one INSERT each into MariaDB",
              .better = Better::larger,
              .checked = checked});
}

}  // namespace

void measure_requests(const Options& options, Report& report) {
  const auto wants = [&](auto... names) { return (options.wants(names) || ...); };
  if (!wants("resident-cpu", "resident", "ticket", "refusal", "vs-cgi", "vs-sync")) return;
  const OnCores asking(asking_core());
  Viewers viewers(options.quick);
  if (wants("resident-cpu", "resident")) measure_resident(options, report, viewers);
  if (wants("ticket")) measure_ticket(options, report, viewers);
  if (wants("refusal")) measure_refusal(options, report, viewers);
  if (wants("vs-cgi")) measure_cgi(options, report, viewers);
  if (wants("vs-sync")) measure_sync(options, report, viewers);
}

}  // namespace matsuri::bench
