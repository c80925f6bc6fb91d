// A programme as closures carry it: what phones are compared with, and when they may. The bytes are
// docs/formats/show.md; they are written once by the builder and read in place ever after.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "match/match.h"

namespace matsuri::program {

inline constexpr std::uint32_t ms_per_row = 1000 / match::rows_per_second;
inline constexpr std::uint32_t duration_ms_max = 6 * 3600 * 1000;
inline constexpr std::size_t title_size_max = 400;  // bytes
inline constexpr std::size_t window_count_max = 256;
inline constexpr std::size_t campaign_size_max = 23;  // bytes, as of every purse of points
inline constexpr std::size_t alignment = 64;          // of the bytes, and of what is inside

// A time of the programme in which people may check in, once each.
struct Window {
  std::uint32_t id = 0;        // from 1, within the programme
  std::uint32_t start_ms = 0;  // since the programme's start
  std::uint32_t end_ms = 0;    // not in it any more
  std::uint32_t points = 0;    // what a check-in is worth, at least 1
  std::string campaign;        // the purse that grants, of [a-z0-9_-]

  bool operator==(const Window&) const = default;
};

// Of 1 to campaign_size_max of [a-z0-9_-]?
bool is_campaign(std::string_view name);

// All of a programme but its pictures.
struct About {
  std::uint64_t programme = 0;     // its id: 1 to 2^63 - 1
  std::string title;               // UTF-8, one line
  std::int64_t start_unix_ms = 0;  // the default; who runs a closure may say otherwise
  std::uint32_t duration_ms = 0;   // 1 to duration_ms_max
  std::vector<Window> windows;     // by time, apart from each other, within the duration

  bool operator==(const About&) const = default;
};

// Code::invalid says what of it no programme may have.
Result<void> check_about(const About& about);

// A row for each tenth of a second that has begun.
constexpr std::uint32_t row_count_of(std::uint32_t duration_ms) {
  return (duration_ms + ms_per_row - 1) / ms_per_row;
}

// Bytes that hold a bit for each row.
constexpr std::size_t eligible_size_of(std::uint32_t row_count) { return (row_count + 7) / 8; }

// A checked view of a programme's bytes, which must outlive it. Immutable, so for any thread.
class Show {
 public:
  // Reads the head, and only that: rows stay untouched, because a closure must not read all of its
  // pages to answer one question. Every offset that the view uses is within `bytes`.
  // Code::corrupt for all that make_show() does not write, Code::invalid where `bytes` is not
  // aligned to 64.
  static Result<Show> open(Bytes bytes);

  // How long the show is that these bytes begin with: for those who look for one among other bytes.
  // Code::corrupt where none begins here, or it does not end within them.
  static Result<std::size_t> size_at(Bytes bytes);

  // Reads everything: Code::corrupt where a byte is not as it was written.
  Result<void> check() const;

  const About& about() const { return about_; }
  // Rows in the order of the broadcast, and which of them a burst may start at.
  const match::Reference& reference() const { return reference_; }
  // The window that the programme's time lies in; nullptr outside of all.
  const Window* window_at(std::uint32_t time_ms) const;

 private:
  Show() = default;

  About about_;
  match::Reference reference_;
  Bytes body_;
  std::uint32_t body_checksum_ = 0;
};

// A buffer that starts where a show must.
struct alignas(alignment) Line {
  std::byte bytes[alignment];
};
using Lines = std::vector<Line>;

inline Bytes bytes_of(const Lines& lines) { return std::as_bytes(std::span(lines)); }

// The bytes of a programme. `eligible` has a bit for each row, from the lowest of the first byte.
// Code::invalid says what of `about` is wrong. REQUIRES: as many rows, and bits, as the duration
// asks, no bit beyond them, and no cell of -128.
Result<Lines> make_show(const About& about, std::span<const match::Row> rows, Bytes eligible);

}  // namespace matsuri::program
