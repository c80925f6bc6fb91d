// Check-ins as plain structs: who was there, in which window of which programme, and what it gave.
#pragma once

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

inline constexpr std::size_t page_count_max = 100;
inline constexpr std::size_t page_count_default = 50;

// What became of a check-in. Stored: never renumbered.
enum class Status : std::uint8_t { pending = 1, granted = 2, voided = 3, budget_exhausted = 4 };
std::string_view name_of(Status status);
Status status_of(GrantOutcome outcome);
// "" for none.
std::string_view name_of(GrantReason reason);

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

// 1 to 64 of [a-z0-9_-].
bool is_programme(std::string_view name);

// What the ledger knows a check-in by, for ever: 32 hexadecimal digits, the same for the same
// three.
std::string grant_event(std::string_view programme, std::uint32_t window, AccountId account);

}  // namespace matsuri::checkin
