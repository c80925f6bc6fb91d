#include "account/staff.h"

#include "base/log.h"

namespace matsuri::account {

bool is_support(Role role) { return role == Role::support || role == Role::admin; }

void log_look(AccountId staff, AccountId player, std::string_view what) {
  log::info("support", "a player was looked at",
            {{"staff", staff.value}, {"player", player.value}, {"what", what}});
}

}  // namespace matsuri::account
