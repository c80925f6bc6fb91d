#include "checkin/clock_watch.h"

#include <algorithm>
#include <variant>

#include "base/log.h"
#include "model/event.h"

namespace matsuri::checkin {

ClockWatch::ClockWatch(const io::Clock& clock, metrics::Registry& metrics) : clock_(clock) {
  gauges_.push_back(
      metrics.gauge_from("matsuri_checkin_clock_off_seconds",
                         "By how much clocks of closures and of this server were apart at the most "
                         "in the last ten minutes, as check-ins tell; 0 within two seconds.",
                         {}, [this] { return off_seconds(); }));
  gauges_.push_back(metrics.gauge_from(
      "matsuri_checkin_lost_paths",
      "Paths of programmes on which many try to check in, and nobody's picture is found.", {},
      [this] { return lost_path_count(); }));
}

void ClockWatch::consume(std::span<const stream::Record> records) {
  const std::int64_t now_ms = clock_.unix_ms();
  const std::lock_guard lock(mutex_);
  for (const stream::Record& record : records) {
    note_clocks(record, now_ms);
    note_path(record, now_ms);
  }
  std::erase_if(paths_, [now_ms](const auto& entry) {
    return now_ms - entry.second.last_ms > clock_told_ms;
  });
}

void ClockWatch::note_clocks(const stream::Record& record, std::int64_t now_ms) {
  const auto& attempt = std::get<CheckinAttempted>(record.event);
  const std::int64_t off_ms =
      std::max(record.header.unix_ms - now_ms, attempt.ticket_unix_ms - record.header.unix_ms);
  if (off_ms < clock_off_ms_min) return;
  const bool is_news = off_ms_ == 0 || now_ms - off_seen_ms_ > clock_told_ms;
  off_ms_ = is_news ? off_ms : std::max(off_ms_, off_ms);
  off_seen_ms_ = now_ms;
  if (is_news)
    log::warn("checkin", "clocks are apart: compare those of this machine and of closures",
              {{"off_ms", off_ms}, {"programme", attempt.programme}});
}

void ClockWatch::note_path(const stream::Record& record, std::int64_t now_ms) {
  const auto& attempt = std::get<CheckinAttempted>(record.event);
  if (attempt.result != CheckinResult::ok && attempt.result != CheckinResult::no_match) return;
  Path& path = paths_[{attempt.programme, attempt.path}];
  if (attempt.result == CheckinResult::ok || now_ms - path.since_ms > clock_told_ms)
    path = Path{.people = {}, .since_ms = now_ms};
  path.last_ms = now_ms;
  if (attempt.result == CheckinResult::ok) return;
  if (path.people.size() < lost_people_min) path.people.insert(record.header.account);
  if (path.people.size() < lost_people_min || path.is_told) return;
  path.is_told = true;
  log::warn("checkin",
            "many try to check in, and nobody's picture is found: this machine's clock, the start "
            "or the path's delay is wrong",
            {{"programme", attempt.programme}, {"path", attempt.path}});
}

double ClockWatch::off_seconds() const {
  const std::lock_guard lock(mutex_);
  const bool is_told = off_ms_ != 0 && clock_.unix_ms() - off_seen_ms_ <= clock_told_ms;
  return is_told ? static_cast<double>(off_ms_) / 1000 : 0;
}

double ClockWatch::lost_path_count() const {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ms = clock_.unix_ms();
  return static_cast<double>(std::ranges::count_if(paths_, [now_ms](const auto& entry) {
    return entry.second.is_told && now_ms - entry.second.last_ms <= clock_told_ms;
  }));
}

std::vector<std::string> ClockWatch::remarks() const {
  std::vector<std::string> lines;
  if (const double off = off_seconds(); off > 0)
    lines.push_back("clocks of closures and of this server are apart by " +
                    std::to_string(static_cast<std::int64_t>(off)) +
                    " s: check-ins fail by that; see matsuri_checkin_clock_off_seconds");
  const std::lock_guard lock(mutex_);
  for (const auto& [name, path] : paths_)
    if (path.is_told && clock_.unix_ms() - path.last_ms <= clock_told_ms)
      lines.push_back("programme " + name.first + ", path " + name.second +
                      ": nobody's picture is found; this machine's clock, the start or the path's "
                      "delay is wrong");
  return lines;
}

}  // namespace matsuri::checkin
