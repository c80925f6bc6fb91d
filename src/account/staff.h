// Staff who look at what is a player's: who may, and the line of the log that says who did.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/event.h"
#include "model/ids.h"

namespace matsuri::account {

// Support and admins. They see what somebody wrote, did and has, across blocks and mutes.
bool is_support(Role role);
// Code::denied for all others.
Result<void> check_support(Role role);
Result<void> check_admin(Role role);

// Logs, as module support, that `staff` looked at `what` of a player's. Call it for every look,
// before anything is shown: the log is where it can be found who knew what.
void log_look(AccountId staff, AccountId player, std::string_view what);

}  // namespace matsuri::account
