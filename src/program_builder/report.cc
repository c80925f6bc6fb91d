#include "program_builder/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>

#include "base/time.h"
#include "program_builder/clock_text.h"
#include "program_builder/internal/picture_png.h"
#include "program_builder/internal/tokens.h"

namespace matsuri::program_builder {
namespace {

constexpr std::uint32_t pictures_per_line = 12;
constexpr std::size_t gap_count_max = 20;  // of the longest, that are told one by one
constexpr std::uint32_t gap_rows_min = stretch_rows_min;

struct ReasonText {
  const char* what;
  const char* advice;
};
ReasonText text_of(Reason reason) {
  switch (reason) {
    case Reason::none:
      return {"viewers can check in", ""};
    case Reason::end:
      return {"the programme ends within the burst", "nothing to do"};
    case Reason::flat:
      return {"black, or nothing in the picture", "put no window there"};
    case Reason::still:
      return {"nothing moves: a photo of it would pass", "put no window there"};
    case Reason::repeated:
      return {"the same is shown elsewhere in this programme",
              "openings, logos and repeated cuts are such"};
    case Reason::earlier:
      return {"the same was shown in an earlier programme",
              "who has a recording of that one would pass"};
    case Reason::generic:
      return {"a layout that many pictures have",
              "title cards and slow abstract pictures are such"};
  }
  return {"", ""};
}

// The class of a reason in the page, and its height in a strip: never by colour alone.
struct Look {
  const char* name;
  int height;
};
Look look_of(const Stretch& stretch) {
  switch (stretch.reason) {
    case Reason::none:
      return stretch.row_count >= stretch_rows_min ? Look{"yes", 16} : Look{"short", 10};
    case Reason::end:
    case Reason::flat:
      return {"flat", 2};
    case Reason::still:
      return {"still", 4};
    case Reason::repeated:
      return {"repeated", 6};
    case Reason::earlier:
      return {"earlier", 6};
    case Reason::generic:
      return {"generic", 4};
  }
  return {"flat", 2};
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::uint32_t ms_of(std::uint32_t row) { return row * program::ms_per_row; }

// "2026-12-01 12:00:00 UTC"
std::string start_text(std::int64_t unix_ms) {
  const std::string text = to_rfc3339(unix_ms);
  return text.substr(0, 10) + ' ' + text.substr(11, 8) + " UTC";
}

std::string percent(double part) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f %%", part * 100);
  return text;
}

std::string score_text(float score) {
  char text[16];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(score));
  return text;
}

// From the start of the first burst to the last moment at which one may begin.
std::string span_text(const Stretch& stretch) {
  return clock_text(ms_of(stretch.first_row)) + "–" +
         clock_text(ms_of(stretch.first_row + stretch.row_count));
}

struct Totals {
  std::array<std::uint32_t, reason_count> rows{};
  std::uint32_t good_rows = 0;  // in stretches that are long enough
  std::uint32_t good_count = 0;
  std::uint32_t all = 0;

  double good_part() const { return static_cast<double>(good_rows) / std::max(all, 1U); }
};

Totals totals_of(const Built& built) {
  Totals totals;
  for (const Stretch& stretch : built.stretches) {
    totals.all += stretch.row_count;
    totals.rows[static_cast<std::size_t>(stretch.reason)] += stretch.row_count;
    if (stretch.reason != Reason::none || stretch.row_count < stretch_rows_min) continue;
    totals.good_rows += stretch.row_count;
    ++totals.good_count;
  }
  return totals;
}

// What the stretch is like, by the row of it that is most so.
std::string detail_of(const Built& built, const Stretch& stretch) {
  const auto rows = std::span(built.ratings).subspan(stretch.first_row, stretch.row_count);
  if (stretch.reason == Reason::repeated) {
    const Rating& most = *std::ranges::max_element(rows, {}, &Rating::repeated);
    return "like " + clock_text(ms_of(static_cast<std::uint32_t>(most.repeated_row))) + " (" +
           score_text(most.repeated) + ')';
  }
  if (stretch.reason == Reason::earlier) {
    const Rating& most = *std::ranges::max_element(rows, {}, &Rating::earlier);
    const Earlier& show = built.library[static_cast<std::size_t>(most.earlier_show)];
    return "like " + clock_text(ms_of(static_cast<std::uint32_t>(most.earlier_row))) + " of " +
           show.title + " (" + score_text(most.earlier) + ')';
  }
  return "";
}

// The longest times in which nobody can check in for one reason, in the order of time.
std::vector<Stretch> gaps_of(const Built& built) {
  std::vector<Stretch> gaps;
  for (const Stretch& stretch : built.stretches)
    if (stretch.reason != Reason::none && stretch.reason != Reason::end &&
        stretch.row_count >= gap_rows_min)
      gaps.push_back(stretch);
  std::ranges::sort(gaps, std::greater(), [](const Stretch& gap) {
    return std::pair(gap.row_count, ~gap.first_row);  // of equal ones the first
  });
  gaps.resize(std::min(gaps.size(), gap_count_max));
  std::ranges::sort(gaps, {}, &Stretch::first_row);
  return gaps;
}

constexpr const char* style = R"css(
main { display: grid; gap: var(--s-4); }
.strip { display: grid; gap: var(--s-4); }
.line { display: grid; grid-template-columns: 4.4rem minmax(0, 1fr); gap: 0 var(--s-3); align-items: start; }
.film { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 2px; }
.film img { display: block; width: 100%; aspect-ratio: 16 / 9; border-radius: 3px; background: var(--bg-deep); }
.line svg { grid-column: 2; width: 100%; height: 34px; margin-top: 4px; background: var(--bg-deep); border-radius: 3px; }
.yes { fill: var(--ok); } .short { fill: var(--ok); fill-opacity: .45; } .flat { fill: var(--ink-3); } .still { fill: var(--c2); }
.repeated { fill: var(--warn); } .earlier { fill: var(--bad); } .generic { fill: var(--c6); } .window { fill: var(--lantern); }
.legend svg { width: 22px; height: 17px; background: var(--bg-deep); border-radius: 2px; }
.scroll { overflow-x: auto; } td .badge { white-space: nowrap; }
@media (max-width: 43.99rem) { .film { grid-template-columns: repeat(6, minmax(0, 1fr)); } .film img:nth-child(even) { display: none; } .line { grid-template-columns: minmax(0, 1fr); } .line svg { grid-column: 1; } .scroll .tbl td:last-child { white-space: normal; min-width: 13rem; } }
)css";

void add_head(std::string& page, const Built& built, const Totals& totals) {
  const program::About& about = built.about;
  page +=
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      escaped(about.title) + " · check-in</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>";
  page += tokens_css();
  page += style;
  page += "</style>\n</head>\n<body class=\"staff\">\n<main>\n<header><h1>" + escaped(about.title) +
          "</h1>\n<p class=\"faint small num\">begins " + start_text(about.start_unix_ms) +
          " unless told otherwise · lasts " + clock_text(about.duration_ms) + " · programme " +
          std::to_string(about.programme) +
          "</p></header>\n<section class=\"kpis\" aria-label=\"Figures\">";
  const auto kpi = [&](const std::string& value, const std::string& what) {
    page += "<div class=\"card kpi\"><b>" + value + "</b><span>" + what + "</span></div>";
  };
  kpi(percent(totals.good_part()), "of the time viewers can check in");
  const auto count = [&](std::size_t number, const char* one, const char* many) {
    kpi(std::to_string(number), number == 1 ? one : many);
  };
  count(totals.good_count, "stretch of 7 seconds and more", "stretches of 7 seconds and more");
  count(about.windows.size(), "window", "windows");
  count(built.library.size(), "earlier programme looked at", "earlier programmes looked at");
  page += "</section>\n";
}

void add_bar(std::string& page, std::uint32_t at, std::uint32_t count, const Look& look, int base,
             const std::string& title) {
  page += "<rect x=\"" + std::to_string(at) + "\" y=\"" + std::to_string(base - look.height) +
          "\" width=\"" + std::to_string(count) + "\" height=\"" + std::to_string(look.height) +
          "\" class=\"" + look.name + "\"><title>" + escaped(title) + "</title></rect>";
}

// One line of pictures with what holds below them: rows [from, from + count), of which the last
// line may have fewer.
void add_line(std::string& page, const Built& built, std::uint32_t from, std::uint32_t count,
              std::span<const Picture> pictures) {
  const auto all = static_cast<std::uint32_t>(built.ratings.size());
  const std::uint32_t there = std::min(count, all - from);
  page += "<div class=\"line\"><span class=\"num small faint\">" + clock_text(ms_of(from)) +
          "</span><div class=\"film\">";
  for (const Picture& picture : pictures)
    page += "<img alt=\"At " + clock_text(picture.time_ms) + "\" src=\"data:image/png;base64," +
            to_base64(to_png(picture)) + "\">";
  page +=
      "</div><svg viewBox=\"0 0 " + std::to_string(there) +
      " 24\" style=\"width: " + std::to_string(100.0 * there / count) +
      "%\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Where viewers can check in\">";
  const auto add = [&](std::uint32_t first, std::uint32_t end, const Look& look, int base,
                       const std::string& title) {
    const std::uint32_t begin = std::max(first, from), stop = std::min(end, from + there);
    if (begin < stop) add_bar(page, begin - from, stop - begin, look, base, title);
  };
  for (const Stretch& stretch : built.stretches)
    add(stretch.first_row, stretch.first_row + stretch.row_count, look_of(stretch), 17,
        span_text(stretch) + ": " + text_of(stretch.reason).what);
  for (const program::Window& window : built.about.windows)
    add(window.start_ms / program::ms_per_row, window.end_ms / program::ms_per_row, {"window", 5},
        24, "window " + std::to_string(window.id) + ", " + window.campaign);
  page += "</svg></div>\n";
}

void add_strip(std::string& page, const Built& built) {
  page += "<section class=\"card\"><h2>The programme</h2>\n<div class=\"strip\">\n";
  // Pictures are evenly spaced, and the first one is at the start.
  const std::uint32_t period =
      built.pictures.size() > 1 ? built.pictures[1].time_ms / program::ms_per_row : 10;
  const std::uint32_t count = period * pictures_per_line;
  const std::span<const Picture> pictures = built.pictures;
  for (std::size_t at = 0; at < pictures.size(); at += pictures_per_line)
    add_line(page, built, static_cast<std::uint32_t>(at) * period, count,
             pictures.subspan(at, std::min<std::size_t>(pictures_per_line, pictures.size() - at)));
  page += "</div>\n<ul class=\"legend\" style=\"margin-top: var(--s-4)\">";
  const auto legend = [&](const Look& look, int base, const std::string& what) {
    page += "<li><svg viewBox=\"0 0 22 17\" aria-hidden=\"true\">";
    add_bar(page, 0, 22, look, base, what);
    page += "</svg>" + what + "</li>";
  };
  legend({"yes", 16}, 17, "viewers can check in");
  legend({"short", 10}, 17, "for less than 7 seconds");
  for (const Reason reason :
       {Reason::flat, Reason::still, Reason::repeated, Reason::earlier, Reason::generic})
    legend(look_of({.reason = reason}), 17, std::string(name_of(reason)));
  legend({"window", 5}, 17, "window");
  page += "</ul></section>\n";
}

void add_windows(std::string& page, const Built& built) {
  page +=
      "<section class=\"card\"><h2>Windows</h2>\n<div class=\"scroll\"><table "
      "class=\"tbl\"><thead><tr>"
      "<th>Window</th><th>Time</th><th>Campaign</th><th class=\"r\">Points</th><th "
      "class=\"r\">Open for check-ins</th>"
      "<th class=\"r\">Longest wait</th><th>Stretches of 7 s and more</th></tr></thead><tbody>";
  for (const program::Window& window : built.about.windows) {
    const WindowSummary summary = summarise(window, built.stretches);
    const double part =
        static_cast<double>(summary.eligible_ms) / (window.end_ms - window.start_ms);
    page += "<tr><td class=\"num\">" + std::to_string(window.id) + "</td><td class=\"num\">" +
            clock_text(window.start_ms) + "–" + clock_text(window.end_ms) + "</td><td>" +
            window.campaign + "</td><td class=\"r num\">" + std::to_string(window.points) +
            "</td><td class=\"r num\">" + percent(part) + "</td><td class=\"r num\">" +
            clock_text(summary.wait_ms_max) + "</td><td class=\"num\">";
    if (summary.stretches.empty())
      page += "<span class=\"badge bad\">nobody can check in here</span>";
    for (std::size_t i = 0; i < summary.stretches.size(); ++i)
      page += "<span class=\"nowrap\">" + span_text(summary.stretches[i]) +
              (i + 1 < summary.stretches.size() ? ",</span> " : "</span>");
    page += "</td></tr>";
  }
  page += "</tbody></table></div></section>\n";
}

void add_reasons(std::string& page, const Built& built, const Totals& totals) {
  page +=
      "<section class=\"card\"><h2>Why not</h2>\n<div class=\"scroll\"><table "
      "class=\"tbl\"><thead><tr>"
      "<th>Reason</th><th class=\"r\">Of the time</th><th>What it means</th><th></th>"
      "</tr></thead><tbody>";
  for (std::size_t i = 1; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    const ReasonText text = text_of(reason);
    page += "<tr><td>" + std::string(name_of(reason)) + "</td><td class=\"r num\">" +
            percent(static_cast<double>(totals.rows[i]) / std::max(totals.all, 1U)) + "</td><td>" +
            text.what + "</td><td class=\"quiet\">" + text.advice + "</td></tr>";
  }
  page += "</tbody></table></div></section>\n";

  const std::vector<Stretch> gaps = gaps_of(built);
  if (gaps.empty()) return;
  page +=
      "<section class=\"card\"><h2>The longest without check-in</h2>\n<div class=\"scroll\">"
      "<table class=\"tbl\"><thead><tr><th>Time</th><th>Reason</th><th></th></tr></thead><tbody>";
  for (const Stretch& gap : gaps)
    page += "<tr><td class=\"num\">" + span_text(gap) + "</td><td>" +
            std::string(name_of(gap.reason)) + "</td><td>" + escaped(detail_of(built, gap)) +
            "</td></tr>";
  page += "</tbody></table></div></section>\n";
}

}  // namespace

std::string to_html(const Built& built) {
  const Totals totals = totals_of(built);
  std::string page;
  add_head(page, built, totals);
  add_windows(page, built);
  add_strip(page, built);
  add_reasons(page, built, totals);
  page += "</main>\n</body>\n</html>\n";
  return page;
}

std::string to_text(const Built& built) {
  const Totals totals = totals_of(built);
  std::string text = built.about.title + ": " + clock_text(built.about.duration_ms) +
                     "; viewers can check in " + percent(totals.good_part()) + " of the time, in " +
                     std::to_string(totals.good_count) + " stretches of 7 s and more\n";
  for (std::size_t i = 1; i < reason_count; ++i)
    if (totals.rows[i] > 0)
      text += "  not in " + clock_text(ms_of(totals.rows[i])) + ": " +
              text_of(static_cast<Reason>(i)).what + '\n';
  for (const program::Window& window : built.about.windows) {
    const WindowSummary summary = summarise(window, built.stretches);
    text += "window " + std::to_string(window.id) + ", " + clock_text(window.start_ms) + "–" +
            clock_text(window.end_ms) + ", " + window.campaign + ": ";
    text += summary.stretches.empty()
                ? "WARNING: nobody can check in, for it has no stretch of 7 s\n"
                : "open for " + clock_text(summary.eligible_ms) + ", at most " +
                      clock_text(summary.wait_ms_max) + " to wait\n";
  }
  return text;
}

}  // namespace matsuri::program_builder
