#include "io/progress_bar.h"

#include <unistd.h>

#include <cstdio>

namespace matsuri::io {
namespace {

constexpr std::int64_t line_period_us = 5'000'000;
constexpr std::int64_t bar_period_us = 100'000;
constexpr int width = 24;

}  // namespace

ProgressBar::ProgressBar(Clock& clock)
    : clock_(clock), begin_us_(clock.monotonic_us()), is_terminal_(isatty(STDERR_FILENO) != 0) {}

bool ProgressBar::is_due() {
  const std::int64_t now_us = clock_.monotonic_us();
  if (now_us < next_us_) return false;
  next_us_ = now_us + (is_terminal_ ? bar_period_us : line_period_us);
  return true;
}

void ProgressBar::show(double part, std::string_view text) const {
  clear();
  const int filled = static_cast<int>(part * width);
  std::fprintf(stderr, "[%.*s%.*s] %3d %%  %.*s%s", filled, "########################",
               width - filled, "........................", static_cast<int>(part * 100),
               static_cast<int>(text.size()), text.data(), is_terminal_ ? "" : "\n");
}

void ProgressBar::clear() const {
  if (is_terminal_) std::fputs("\r\033[K", stderr);
}

double ProgressBar::seconds() const {
  return static_cast<double>(clock_.monotonic_us() - begin_us_) / 1e6;
}

double ProgressBar::seconds_left(double part) const {
  return part > 0 ? seconds() / part - seconds() : 0;
}

}  // namespace matsuri::io
