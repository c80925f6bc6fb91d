// The errors of server and client, sorted by what a caller can do; see mariadb_errors.h.
#include "sql/internal/mariadb_errors.h"

namespace matsuri::sql::internal {

bool breaks_connection(unsigned number) {
  return number == client_socket || number == client_host || number == client_gone ||
         number == client_lost || number == client_lost_extended || number == server_shutdown ||
         number == connection_killed || number == packet_too_large;
}

// A lock wait that timed out undoes its statement only; half a transaction is nothing to go on
// with.
bool undoes_transaction(unsigned number) {
  return number == deadlock || number == record_changed || number == lock_wait_timeout;
}

Code code_of_mariadb(unsigned number, std::string_view sqlstate) {
  if (number == packet_too_large) return Code::invalid;
  if (breaks_connection(number) || undoes_transaction(number)) return Code::busy;
  switch (number) {
    case duplicate_key:
    case duplicate_entry_for_name:
    case check_failed:
    case foreign_key_parent:
    case foreign_key_child:
      return Code::conflict;
    case too_many_connections:
    case too_many_user_connections:
    case query_interrupted:
    case disk_full:
    case table_full:
    case table_changed:
    case needs_prepare:
    case option_prevents:
    case read_only_mode:
      return Code::busy;
    case column_null:
      return Code::invalid;
    case crashed_table:
    case crashed_table_repair:
    case not_key_file:
    case index_corrupt:
      return Code::corrupt;
    default:
      // Class 22: data that its column can't hold. HY000/1366: bytes that are no text.
      return sqlstate.starts_with("22") || number == 1366 ? Code::invalid : Code::io;
  }
}

}  // namespace matsuri::sql::internal
