// The tables that stream keeps in every database that takes part, and the statements that more than
// one file needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/position.h"
#include "sql/db.h"

namespace matsuri::stream::internal {

// The widths of text columns. MariaDB refuses what is longer, so what goes in is cut before.
inline constexpr std::size_t view_name_size_max = 64;
inline constexpr std::size_t reason_size_max = 500;

// At most `size_max` bytes of `text`, ending at the border of a character; bytes that are not UTF-8
// become '?': one engine stores anything, the other refuses.
std::string clean_text(std::string_view text, std::size_t size_max);

// How far the view has come in `origin`, as the database says; nullopt where it never read it.
Result<std::optional<std::uint64_t>> stored_position(sql::Connection& connection,
                                                     std::string_view view, const Origin& origin);

// Adds `amount` to a counter of the database and gives its new value. Whoever has moved a counter
// holds its row until the end of the transaction, so numbers come in the order of the commits.
Result<std::uint64_t> advance_counter(sql::Connection& connection, std::string_view name,
                                      std::uint64_t amount);

// Takes the row of the facts' counter before anything is read. On MariaDB a transaction that read
// first, and found that row moved since, would have to be repeated; SQLite has one writer anyway.
Result<void> lock_outbox(sql::Connection& connection);

}  // namespace matsuri::stream::internal
