// What the numbers of MariaDB's errors mean to us.
#pragma once

#include <string_view>

#include "base/result.h"

namespace matsuri::sql::internal {

// The server's and the client's numbers for what we tell apart.
enum MariadbError : unsigned {
  duplicate_key = 1062,
  duplicate_entry_for_name = 1586,
  check_failed = 4025,
  foreign_key_parent = 1451,
  foreign_key_child = 1452,
  record_changed = 1020,
  lock_wait_timeout = 1205,
  deadlock = 1213,
  too_many_connections = 1040,
  too_many_user_connections = 1203,
  server_shutdown = 1053,
  query_interrupted = 1317,
  connection_killed = 1927,
  disk_full = 1021,
  table_full = 1114,
  table_changed = 1412,
  needs_prepare = 1615,
  option_prevents = 1290,  // --read-only, while a failover is under way
  read_only_mode = 1836,
  unknown_database = 1049,
  unknown_setting = 1193,
  column_null = 1048,
  packet_too_large = 1153,
  table_exists = 1050,
  column_exists = 1060,
  index_exists = 1061,
  nothing_to_drop = 1091,
  crashed_table = 1194,
  crashed_table_repair = 1195,
  not_key_file = 1034,
  index_corrupt = 1712,
  client_first = 2000,
  client_socket = 2002,
  client_host = 2003,
  client_gone = 2006,
  client_lost = 2013,
  client_lost_extended = 2055,
};

// The connection can't be used any more.
bool breaks_connection(unsigned number);
// The transaction has gone, or has to go.
bool undoes_transaction(unsigned number);
Code code_of_mariadb(unsigned number, std::string_view sqlstate);

}  // namespace matsuri::sql::internal
