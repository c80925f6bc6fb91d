#include "program/show.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"

namespace matsuri::program {
namespace {

// docs/formats/show.md. All integers are little-endian.
//
//   offset  size  field
//        0     8  magic          form and version
//        8     4  head_checksum  CRC-32C of the bytes from 12 to head_size
//       12     4  head_size      a multiple of 64
//       16     4  body_checksum  CRC-32C of the bytes from head_size to the end
//       20     4  feature_version
//       24     8  programme
//       32     8  start          Unix ms
//       40     4  duration_ms
//       44     4  window_count
//       48     4  title_size
//       52    12  reserved       zeros
struct Head {
  char magic[8];
  std::uint32_t head_checksum;
  std::uint32_t head_size;
  std::uint32_t body_checksum;
  std::uint32_t feature_version;
  std::uint64_t programme;
  std::int64_t start_unix_ms;
  std::uint32_t duration_ms;
  std::uint32_t window_count;
  std::uint32_t title_size;
  std::uint32_t reserved[3];
};
static_assert(sizeof(Head) == 64);
static_assert(offsetof(Head, programme) == 24 && offsetof(Head, title_size) == 48);

struct StoredWindow {
  std::uint32_t id;
  std::uint32_t start_ms;
  std::uint32_t end_ms;
  std::uint32_t points;
  char campaign[campaign_size_max + 1];  // zeros behind it
};
static_assert(sizeof(StoredWindow) == 40);

constexpr char magic[8] = {'M', 'T', 'S', 'R', 'S', 'H', 'W', '1'};
constexpr std::uint32_t feature_version = 1;  // VCI-1
constexpr std::size_t checked_from = offsetof(Head, head_size);
constexpr std::uint64_t programme_max = (std::uint64_t{1} << 63) - 1;
static_assert(sizeof(match::Row) == match::cell_count && match::cell_count % alignment == 0);

constexpr std::size_t rounded_up(std::size_t size) {
  return (size + alignment - 1) / alignment * alignment;
}

struct Sizes {
  std::size_t head = 0, eligible = 0, rows = 0;
  std::size_t all() const { return head + eligible + rows; }
};

// REQUIRES: counts within their limits.
Sizes sizes_of(std::size_t window_count, std::size_t title_size, std::uint32_t row_count) {
  return {.head = rounded_up(sizeof(Head) + window_count * sizeof(StoredWindow) + title_size),
          .eligible = rounded_up(eligible_size_of(row_count)),
          .rows = row_count * sizeof(match::Row)};
}

Error corrupt(std::string_view why) {
  return {Code::corrupt, "a programme's data " + std::string(why)};
}

bool is_title(std::string_view title) {
  return !title.empty() && title.size() <= title_size_max &&
         std::ranges::none_of(
             title, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

// What holds of windows, read and written alike. The message names them from 1.
Result<void> check_windows(std::span<const Window> windows, std::uint32_t duration_ms) {
  std::uint32_t from = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Window& window = windows[i];
    const std::string name = "window " + std::to_string(i + 1);
    if (window.id == 0) return Error(Code::invalid, name + " has no id");
    for (std::size_t j = 0; j < i; ++j)
      if (windows[j].id == window.id)
        return Error(Code::invalid, name + " has the id of window " + std::to_string(j + 1));
    if (window.start_ms >= window.end_ms)
      return Error(Code::invalid, name + " ends before it starts");
    if (window.start_ms < from)
      return Error(Code::invalid, name + " starts before the one in front of it ends");
    if (window.end_ms > duration_ms)
      return Error(Code::invalid, name + " ends after the programme");
    if (window.points == 0) return Error(Code::invalid, name + " is worth no points");
    if (!is_campaign(window.campaign))
      return Error(Code::invalid, name + " has no campaign of 1 to 23 of a-z 0-9 _ -");
    from = window.end_ms;
  }
  return {};
}

Result<Window> read_window(Bytes bytes) {
  StoredWindow stored;
  std::memcpy(&stored, bytes.data(), sizeof stored);
  const std::size_t size = strnlen(stored.campaign, sizeof stored.campaign);
  const bool is_padded =
      std::all_of(stored.campaign + size, std::end(stored.campaign), [](char c) { return c == 0; });
  if (!is_padded) return corrupt("has a window that is none");
  return Window{.id = stored.id,
                .start_ms = stored.start_ms,
                .end_ms = stored.end_ms,
                .points = stored.points,
                .campaign = std::string(stored.campaign, size)};
}

bool is_all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

// The head by itself: form, limits, and that it adds up to the size of all.
Result<Head> read_head(Bytes bytes) {
  Head head;
  if (bytes.size() < sizeof head) return corrupt("is cut short");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (std::memcmp(head.magic, magic, sizeof magic) != 0)
    return corrupt("does not start as one of this version");
  if (head.head_size < sizeof head || head.head_size > bytes.size()) return corrupt("is cut short");
  if (crc32c(bytes.subspan(checked_from, head.head_size - checked_from)) != head.head_checksum)
    return corrupt("has a damaged head");
  if (head.window_count > window_count_max || head.title_size > title_size_max ||
      head.duration_ms > duration_ms_max || head.feature_version != feature_version ||
      head.reserved[0] != 0 || head.reserved[1] != 0 || head.reserved[2] != 0)
    return corrupt("has a head that this version does not know");
  return head;
}

}  // namespace

bool is_campaign(std::string_view name) {
  return !name.empty() && name.size() <= campaign_size_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Result<void> check_about(const About& about) {
  if (about.programme == 0 || about.programme > programme_max)
    return Error(Code::invalid, "a programme's id is from 1 to 2^63 - 1");
  if (!is_title(about.title)) return Error(Code::invalid, "a title is one line of 1 to 400 bytes");
  if (about.duration_ms == 0 || about.duration_ms > duration_ms_max)
    return Error(Code::invalid, "a programme lasts at most six hours, and not no time at all");
  if (about.windows.size() > window_count_max)
    return Error(Code::invalid, "a programme has at most 256 windows");
  return check_windows(about.windows, about.duration_ms);
}

Result<std::size_t> Show::size_at(Bytes bytes) {
  TRY_ASSIGN(const Head head, read_head(bytes));
  const std::size_t size =
      sizes_of(head.window_count, head.title_size, row_count_of(head.duration_ms)).all();
  if (size > bytes.size()) return corrupt("is cut short");
  return size;
}

Result<Show> Show::open(Bytes bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment != 0)
    return Error(Code::invalid, "a programme's data lies at an address that is no multiple of 64");
  TRY_ASSIGN(const Head head, read_head(bytes));
  const std::uint32_t row_count = row_count_of(head.duration_ms);
  const Sizes sizes = sizes_of(head.window_count, head.title_size, row_count);
  if (head.head_size != sizes.head || bytes.size() != sizes.all())
    return corrupt("has another size than its head says");

  Show show;
  About& about = show.about_;
  about.programme = head.programme;
  about.start_unix_ms = head.start_unix_ms;
  about.duration_ms = head.duration_ms;
  std::size_t at = sizeof head;
  for (std::uint32_t i = 0; i < head.window_count; ++i, at += sizeof(StoredWindow)) {
    TRY_ASSIGN(Window window, read_window(bytes.subspan(at, sizeof(StoredWindow))));
    about.windows.push_back(std::move(window));
  }
  about.title = as_text(bytes.subspan(at, head.title_size));
  at += head.title_size;
  if (!is_all_zero(bytes.subspan(at, sizes.head - at))) return corrupt("has more than its head");
  if (const Result<void> checked = check_about(about); !checked.ok())
    return corrupt("says that " + checked.error().message());

  const Bytes rows = bytes.last(sizes.rows);
  show.reference_ = {.rows = {reinterpret_cast<const std::int8_t*>(rows.data()), rows.size()},
                     .eligible = bytes.subspan(sizes.head, eligible_size_of(row_count)),
                     .row_count = row_count};
  show.body_ = bytes.subspan(sizes.head);
  show.body_checksum_ = head.body_checksum;
  return show;
}

Result<void> Show::check() const {
  if (crc32c(body_) != body_checksum_) return corrupt("is damaged");
  const Bytes bits = reference_.eligible;
  const std::uint32_t rest = reference_.row_count % 8;
  const std::size_t padding = body_.size() - reference_.rows.size() - bits.size();
  if ((rest != 0 && (bits.back() >> rest) != std::byte{0}) ||
      !is_all_zero(body_.subspan(bits.size(), padding)))
    return corrupt("marks rows that it does not have");
  if (std::ranges::find(reference_.rows, std::int8_t{-128}) != reference_.rows.end())
    return corrupt("has a row that no picture makes");
  return {};
}

const Window* Show::window_at(std::uint32_t time_ms) const {
  const auto found = std::ranges::find_if(about_.windows, [&](const Window& window) {
    return time_ms >= window.start_ms && time_ms < window.end_ms;
  });
  return found == about_.windows.end() ? nullptr : &*found;
}

Result<Lines> make_show(const About& about, std::span<const match::Row> rows, Bytes eligible) {
  TRY(check_about(about));
  const std::uint32_t row_count = row_count_of(about.duration_ms);
  MATSURI_ASSERT(rows.size() == row_count && eligible.size() == eligible_size_of(row_count));
  const Sizes sizes = sizes_of(about.windows.size(), about.title.size(), row_count);
  Lines lines(sizes.all() / alignment);
  const MutableBytes bytes = std::as_writable_bytes(std::span(lines));

  std::size_t at = sizeof(Head);
  for (const Window& window : about.windows) {
    StoredWindow stored{.id = window.id,
                        .start_ms = window.start_ms,
                        .end_ms = window.end_ms,
                        .points = window.points,
                        .campaign = {}};
    window.campaign.copy(stored.campaign, campaign_size_max);
    std::memcpy(bytes.data() + at, &stored, sizeof stored);
    at += sizeof stored;
  }
  std::memcpy(bytes.data() + at, about.title.data(), about.title.size());
  const MutableBytes body = bytes.subspan(sizes.head);
  std::memcpy(body.data(), eligible.data(), eligible.size());
  std::memcpy(body.data() + sizes.eligible, rows.data(), sizes.rows);

  Head head{.magic = {},
            .head_checksum = 0,
            .head_size = static_cast<std::uint32_t>(sizes.head),
            .body_checksum = crc32c(body),
            .feature_version = feature_version,
            .programme = about.programme,
            .start_unix_ms = about.start_unix_ms,
            .duration_ms = about.duration_ms,
            .window_count = static_cast<std::uint32_t>(about.windows.size()),
            .title_size = static_cast<std::uint32_t>(about.title.size()),
            .reserved = {}};
  std::memcpy(head.magic, magic, sizeof magic);
  std::memcpy(bytes.data(), &head, sizeof head);
  head.head_checksum = crc32c(bytes.subspan(checked_from, sizes.head - checked_from));
  std::memcpy(bytes.data(), &head, sizeof head);
  return lines;
}

}  // namespace matsuri::program
