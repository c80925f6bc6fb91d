// What may be done with points, through the order of their shard. Everything is strict: an answer
// comes when it is decided and durable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "account/directory.h"
#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"
#include "model/ids.h"
#include "points/model.h"
#include "points/transfer.h"
#include "sequencer/sequencer.h"

namespace matsuri::points {

// Runs once, through the executor that the call named.
template <class T>
using Completion = std::move_only_function<void(Result<T>)>;

// Who asks.
struct Asker {
  AccountId account;      // none: a title's server
  TitleId title;          // whose key was shown; none: the account stands for itself
  bool is_staff = false;  // support, or an admin: all titles' campaigns, sinks and holds
};

// Where a transfer stands in the order.
struct Done {
  sequencer::Key key;
  std::uint64_t seq = 0;
  std::int64_t time_ms = 0;
  bool is_duplicate = false;  // it was decided when its key came for the first time
};

struct Granted {
  enum class Outcome : std::uint8_t { granted, granted_before, budget_exhausted };

  Outcome outcome = Outcome::granted;
  std::int64_t balance = 0;  // of the account behind it; of granted ones
  std::int64_t left = 0;     // what the campaign has; but for granted_before
  Done done;
};
std::string_view name_of(Granted::Outcome outcome);

// What an account has behind a spend or a hold, or what it had too little.
struct Spent {
  bool is_done = false;  // false: the account has less
  std::int64_t balance = 0;
  std::int64_t held = 0;
  Done done;
};

struct Placed {
  Spent spent;
  Hold hold;  // where it is done
};

struct Ended {
  // Of a hold that was to be committed: held where it is too late for that.
  HoldState state = HoldState::held;
  bool was_ended = false;  // before
  Hold hold;
};

struct Balance {
  std::int64_t balance = 0;
  std::int64_t held = 0;
  std::uint64_t seq = 0;  // the place in the order that this is of
};

struct LedgerParts {
  sequencer::Sequencer& sequencer;
  account::Directory& people;
  io::Clock& clock;
  io::Random& random;
  // Hears from which place on the points' shard has something new; any thread, be quick.
  std::function<void(std::size_t shard, std::uint64_t seq)> on_applied;
  metrics::Registry* metrics = nullptr;
};

// Thread-safe. All calls: Code::busy where nobody can say now what becomes of it: ask again, with
// the same key. Code::conflict for a key that was used for something else, Code::invalid for one
// that is too old, or of a time to come. REQUIRES: names, amounts and reasons pass their check.
class Ledger {
 public:
  explicit Ledger(LedgerParts parts);

  // Admins'. Code::conflict where the name is taken, or no more may be issued.
  void create_campaign(const Asked& asked, const std::string& name, TitleId owner,
                       std::int64_t budget, io::Executor& executor, Completion<Done> done);
  // Gives what the campaign has then. Code::not_found, Code::conflict where no more may be issued.
  struct Budget {
    std::int64_t left = 0;
    Done done;
  };
  void top_up(const Asked& asked, const std::string& campaign, std::int64_t amount,
              io::Executor& executor, Completion<Budget> done);
  void create_sink(const Asked& asked, const std::string& name, TitleId owner,
                   io::Executor& executor, Completion<Done> done);

  // Once for an event and campaign, for ever. Needs no key: one of its own is made.
  // Code::not_found: no such campaign (of the title that asks), no such account. Code::conflict:
  // the event was granted with another account or amount.
  void grant(const Asker& asker, const Grant& grant, const std::string& reason,
             io::Executor& executor, Completion<Granted> done);

  // What was granted for an event, in the order; nullopt where nothing was.
  // REQUIRES: both names pass their check.
  void find_grant(const std::string& campaign, const std::string& event, io::Executor& executor,
                  Completion<std::optional<Grant>> done);

  // By whoever the account is of. Code::not_found: no such sink (of the title that asks).
  void spend(const Asked& asked, const Spend& spend, io::Executor& executor,
             Completion<Spent> done);
  // Counts for `hold_ms`: then it can only be voided. Code::not_found as for spend().
  void place(const Asked& asked, const Spend& what, std::int64_t hold_ms, io::Executor& executor,
             Completion<Placed> done);
  // Code::not_found where there is none that the asker may know of.
  void find(const Asker& asker, const HoldId& id, io::Executor& executor, Completion<Hold> done);
  // By servers of the hold's title, and by staff. Code::denied for the account itself; but it may
  // void a hold that is over.
  void end(const Asker& asker, const HoldId& id, HoldState state, io::Executor& executor,
           Completion<Ended> done);
  // The same, by nobody, of a hold whose id, account and amount are known.
  void void_overdue(const Hold& hold, io::Executor& executor, Completion<Ended> done);

  // In the order: all that was answered before is in it.
  void balance(AccountId account, io::Executor& executor, Completion<Balance> done);

  io::Clock& clock() const { return parts_.clock; }

 private:
  // `told` hears of what was decided: none, or why not.
  using Told = std::move_only_function<void(Result<Why>, const sequencer::Outcome&)>;
  void send(Transfer transfer, io::Executor& executor, Told told);
  // One that is done, or an error.
  void send_plain(Transfer transfer, io::Executor& executor, Completion<Done> done);
  void read(const sequencer::EntityName& name, io::Executor& executor,
            std::move_only_function<void(Result<sequencer::Entity>, std::uint64_t seq)> done);
  void send_grant(const Asked& asked, const Grant& grant, io::Executor& executor,
                  Completion<Granted> done);
  void send_hold(const Asked& asked, const NewHold& hold, io::Executor& executor,
                 Completion<Placed> done);
  void send_end(const Asked& asked, const Hold& hold, HoldState state, io::Executor& executor,
                Completion<Ended> done);
  sequencer::Key new_key();
  void count(TransferKind kind, const sequencer::Outcome& outcome);

  struct Counters {
    metrics::Counter* applied = nullptr;
    metrics::Counter* refused = nullptr;
    metrics::Counter* not_executed = nullptr;
  };
  LedgerParts parts_;
  std::array<Counters, transfer_kind_count> counters_;
};

}  // namespace matsuri::points
