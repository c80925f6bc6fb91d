// The commands that points are moved by. Each is decided by its guards alone, so that whoever sends
// it, however often, the ledger stays what it must be; and each says what it means when one of them
// does not hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"
#include "points/model.h"
#include "sequencer/command.h"

namespace matsuri::points {

// Why a command was refused.
enum class Why : std::uint8_t {
  none,
  is_there,          // a campaign or sink of that name
  no_campaign,       // or none of the title that asks
  no_sink,           // the same
  granted_before,    // the event, from this campaign
  budget_exhausted,  // the campaign has less than that
  insufficient,      // the account has less than that
  used_before,       // a hold's key
  has_ended,         // the hold: it was committed, or voided
  is_too_late,       // to commit the hold
};

enum class TransferKind : std::uint8_t {
  campaign,
  top_up,
  sink,
  grant,
  spend,
  hold,
  commit,
  undo,
};
inline constexpr std::size_t transfer_kind_count = 8;
std::string_view name_of(TransferKind kind);

// A command, and what each of its guards says by not holding.
struct Transfer {
  TransferKind kind = TransferKind::grant;
  sequencer::Command command;
  std::vector<Why> whys;
};

// Who wants it, and how it can be told from others under the same key.
struct Asked {
  sequencer::Key key;
  AccountId by;   // none: a title's server
  TitleId title;  // the title that asks: it may use its own campaigns and sinks. None: all of them
  std::string reason;
};

// The campaign is made with its budget, out of the source.
Transfer create_campaign(const Asked& asked, std::string_view name, TitleId owner,
                         std::int64_t budget);
Transfer top_up(const Asked& asked, std::string_view campaign, std::int64_t amount);
Transfer create_sink(const Asked& asked, std::string_view name, TitleId owner);

struct Grant {
  std::string event;
  std::string campaign;
  AccountId account;
  std::int64_t amount = 0;
};
// Once for an event and campaign, for ever, whatever the key.
Transfer grant(const Asked& asked, const Grant& grant);

struct Spend {
  AccountId account;
  std::string sink;
  std::int64_t amount = 0;
};
Transfer spend(const Asked& asked, const Spend& spend);

// Takes the amount out of the account, into a hold. The key of `asked` names it. `hold_ms` counts
// for telling it from others under its key; `until_ms` is kept.
struct NewHold {
  Spend what;
  TitleId title;  // the sink's
  std::int64_t hold_ms = 0;
  std::int64_t until_ms = 0;
};
Transfer place_hold(const Asked& asked, const NewHold& hold);
// What is held goes to the sink, or back.
Transfer commit_hold(const Asked& asked, const Hold& hold);
Transfer void_hold(const Asked& asked, const Hold& hold);

// What the outcome of `transfer` says, if it is rejected; none if not.
Why why_of(const Transfer& transfer, const sequencer::Outcome& outcome);

}  // namespace matsuri::points
