#include "checkin/model.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/bytes.h"

namespace matsuri::checkin {

std::string_view name_of(Status status) {
  constexpr std::array<std::string_view, 4> names = {"pending", "granted", "void",
                                                     "budget_exhausted"};
  return names[static_cast<std::size_t>(status) - 1];
}

Status status_of(GrantOutcome outcome) {
  switch (outcome) {
    case GrantOutcome::granted:
      return Status::granted;
    case GrantOutcome::voided:
      return Status::voided;
    case GrantOutcome::budget_exhausted:
      return Status::budget_exhausted;
  }
  return Status::voided;
}

std::string_view name_of(GrantReason reason) {
  constexpr std::array<std::string_view, 6> names = {
      "", "too_many_attempts", "too_many_tickets", "no_campaign", "no_account", "bad_amount"};
  return names[static_cast<std::size_t>(reason)];
}

std::string_view name_of(CheckinResult result) {
  constexpr std::array<std::string_view, result_count> names = {
      "ok", "no_match", "flat", "not_eligible", "no_window", "too_late", "malformed"};
  return names[static_cast<std::size_t>(result) - 1];
}

std::string_view name_of(Answer answer) {
  constexpr std::array<std::string_view, answer_count> names = {"ok", "retry", "not_now"};
  return names[static_cast<std::size_t>(answer)];
}

Answer answer_of(CheckinResult result) {
  if (result == CheckinResult::ok) return Answer::ok;
  return result == CheckinResult::no_window ? Answer::not_now : Answer::retry;
}

bool is_programme(std::string_view name) {
  return !name.empty() && name.size() <= programme_size_max &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

std::string grant_event(std::string_view programme, std::uint32_t window, AccountId account) {
  std::string text(programme);
  text += '|' + std::to_string(window) + '|' + account.to_string();
  std::array<std::byte, crypto_generichash_BYTES_MIN> hash{};
  static_assert(sizeof hash == 16);
  MATSURI_ASSERT(crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    text.size(), nullptr, 0) == 0);
  return to_hex(hash);
}

}  // namespace matsuri::checkin
