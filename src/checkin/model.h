// Check-ins as plain structs: who was there, in which window of which programme, and what it gave.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"
#include "model/ids.h"

namespace matsuri::checkin {

// With one ticket; one more, and what the ticket got is void.
inline constexpr std::uint32_t attempt_count_max = 3;
// Of one account for one programme; one more, and all that it has there is void.
inline constexpr std::size_t ticket_count_max = 10;
inline constexpr std::size_t programme_size_max = 64;  // bytes
inline constexpr std::size_t campaign_size_max = 64;   // of those that are kept; points takes fewer
inline constexpr std::int64_t ticket_kept_ms = std::int64_t{7} * 24 * 3600 * 1000;
// How many attempts came in a second; a season of weekly programmes.
inline constexpr std::int64_t attempt_counts_kept_ms = std::int64_t{92} * 24 * 3600 * 1000;

inline constexpr std::size_t page_count_max = 100;
inline constexpr std::size_t page_count_default = 50;

// What became of a check-in. Stored: never renumbered.
enum class Status : std::uint8_t { pending = 1, granted = 2, voided = 3, budget_exhausted = 4 };
std::string_view name_of(Status status);
Status status_of(GrantOutcome outcome);
// "" for none.
std::string_view name_of(GrantReason reason);
inline constexpr std::size_t result_count = 7;
std::string_view name_of(CheckinResult result);

// What a viewer was told.
enum class Answer : std::uint8_t { ok, retry, not_now };
inline constexpr std::size_t answer_count = 3;
std::string_view name_of(Answer answer);
Answer answer_of(CheckinResult result);

struct Checkin {
  std::uint64_t id = 0;  // of the attempt that was ok
  std::string programme;
  std::uint32_t window = 0;
  std::int64_t unix_ms = 0;
  Status status = Status::pending;
  GrantReason reason = GrantReason::none;
  std::int64_t points = 0;  // that it is worth
};

// The newest first.
struct CheckinPage {
  std::vector<Checkin> checkins;
  std::optional<std::uint64_t> next;  // where the next page goes on; none at the end
};

// What check-ins of a programme are counted by.
struct CountedCheckin {
  std::string programme;
  std::uint32_t window = 0;
  std::string campaign;
  Status status = Status::pending;
  GrantReason reason = GrantReason::none;  // none beside pending

  auto operator<=>(const CountedCheckin&) const = default;
};
struct CheckinCount {
  CountedCheckin of;
  std::uint64_t checkins = 0;
  std::int64_t points = 0;
};

// How a programme went: attempts in steps of time, and what check-ins it has.
struct Attendance {
  std::vector<std::array<std::uint64_t, answer_count>> steps;
  std::array<std::uint64_t, result_count> results{};  // of all steps, by CheckinResult - 1
  std::vector<CheckinCount> checkins;                 // by window, campaign, status and reason
};

// 1 to 64 of [a-z0-9_-].
bool is_programme(std::string_view name);

// What the ledger knows a check-in by, for ever: 32 hexadecimal digits, the same for the same
// three.
std::string grant_event(std::string_view programme, std::uint32_t window, AccountId account);

}  // namespace matsuri::checkin
