// People, their sessions and tokens, as plain structs, and the limits of what they may be called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "face/face.h"
#include "model/event.h"
#include "model/ids.h"

namespace matsuri::account {

inline constexpr std::size_t handle_size_min = 3;
inline constexpr std::size_t handle_size_max = 20;
inline constexpr std::size_t name_points_max = 40;
inline constexpr std::size_t name_size_max = 160;
inline constexpr std::size_t bio_points_max = 160;
inline constexpr std::size_t bio_size_max = 640;
inline constexpr std::size_t password_points_min = 8;
inline constexpr std::size_t password_points_max = 128;
inline constexpr std::size_t label_points_max = 40;
inline constexpr std::size_t user_agent_size_max = 256;
inline constexpr std::size_t session_count_max =
    50;  // open at once; the oldest is closed beyond it
inline constexpr std::size_t token_count_max = 50;
inline constexpr std::size_t block_count_max = 2000;
inline constexpr std::size_t mute_count_max = 2000;
inline constexpr std::int64_t session_age_ms_max = std::int64_t{30} * 24 * 3600 * 1000;

// What others may know of somebody.
struct Account {
  AccountId id;
  std::string handle;
  std::string name;
  Role role = Role::user;
  std::int64_t created_unix_ms = 0;
  std::string bio;
  face::Genome face;  // the chosen one, or the one that follows from the id
  Audience follows_shown_to = Audience::everyone;
  Audience empathies_shown_to = Audience::everyone;
};

// What is kept of a face: 0 where nobody chose one.
inline face::Genome face_of(AccountId account, std::uint64_t chosen) {
  return face::chosen_or_own(chosen, account.value);
}

struct Session {
  SessionId id;
  std::int64_t created_unix_ms = 0;
  std::int64_t seen_unix_ms = 0;
  std::string user_agent;
};

struct Token {
  TokenId id;
  std::string label;
  std::int64_t created_unix_ms = 0;
};

// 3 to 20 of a-z, 0-9 and '_', a letter first.
Result<void> check_handle(std::string_view handle);
// The name as it is kept: NFC, trimmed, 1 to 40 code points on one line.
Result<std::string> clean_name(std::string_view name);
// 0 to 160 code points, several lines allowed.
Result<std::string> clean_bio(std::string_view bio);
Result<std::string> clean_label(std::string_view label);
// 8 to 128 code points of valid UTF-8; kept as it was typed, after NFC, so that two keyboards that
// compose differently sign in alike.
Result<std::string> clean_password(std::string_view password);

std::string_view name_of(Role role);
Result<Role> parse_role(std::string_view name);

std::string_view name_of(Audience audience);
Result<Audience> parse_audience(std::string_view name);

}  // namespace matsuri::account
