#include "account/staff.h"

#include "base/log.h"

namespace matsuri::account {

bool is_support(Role role) { return role == Role::support || role == Role::admin; }

Result<void> check_support(Role role) {
  if (is_support(role)) return {};
  return Error(Code::denied, "only support and admins may do this");
}

Result<void> check_admin(Role role) {
  if (role == Role::admin) return {};
  return Error(Code::denied, "only admins may do this");
}

void log_look(AccountId staff, AccountId player, std::string_view what) {
  log::info("support", "a player was looked at",
            {{"staff", staff.value}, {"player", player.value}, {"what", what}});
}

}  // namespace matsuri::account
