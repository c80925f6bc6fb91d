// The rows that one batch touches: read when first asked for, changed in memory, written together.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "notification/model.h"
#include "sql/db.h"

namespace matsuri::notification::internal {

struct RecipientRow {
  std::uint64_t sequence = 0;
  std::uint64_t read_up_to = 0;
  std::uint64_t changes = 0;  // grows with all that changes what the recipient sees
  std::uint64_t notice_count = 0;
  Settings settings;
  bool is_changed = false;
};

struct NoticeRow {
  Kind kind{};
  std::uint64_t object = 0;
  std::int64_t opened_ms = 0;
  std::int64_t updated_ms = 0;
  std::uint64_t sequence = 0;
  std::uint64_t people_count = 0;
  bool is_there = false;  // false: there is none, or it went
  bool is_changed = false;
};
struct NoticeKey {
  AccountId recipient;
  std::uint64_t opened = 0;
  auto operator<=>(const NoticeKey&) const = default;
};

struct PersonRow {
  std::uint64_t item_count = 0;  // 0: not in the notice
  std::uint64_t latest = 0;      // the sequence number at which they last came
  bool is_changed = false;
};

struct ItemKey {
  std::uint64_t object = 0;
  std::uint64_t source = 0;
  Kind kind{};
  AccountId recipient;
  auto operator<=>(const ItemKey&) const = default;
};
struct ItemRow {
  AccountId person;
  std::uint64_t rev = 0;  // 0: there is none
  std::uint64_t opened = 0;
  std::int64_t unix_ms = 0;
  bool is_changed = false;
};

// One transaction's. References stay good until write().
class Ledger {
 public:
  explicit Ledger(sql::Connection& connection) : connection_(connection) {}

  // Reads with few round trips what a batch will ask for one by one: the items, their recipients,
  // and whether `person` is hidden from those. What was not named is read when it is asked for.
  struct Expected {
    ItemKey key;
    AccountId person;
  };
  Result<void> expect(std::span<const Expected> all);

  Result<RecipientRow*> recipient(AccountId account);
  Result<ItemRow*> item(const ItemKey& key);
  // The same for one that was never there: nothing is read.
  ItemRow* new_item(const ItemKey& key) { return &items_[key]; }
  // Whether `person` is hidden from `viewer`.
  Result<bool> is_hidden(AccountId viewer, AccountId person);

  // Puts an item into the recipient's newest notice of its kind and object where that was opened
  // less than window_ms before, else into a new one; the oldest goes where there are too many.
  Result<void> add(const ItemKey& key, ItemRow& item);
  // Takes it out again, and with the last one the notice.
  Result<void> remove(const ItemKey& key, ItemRow& item);
  // Takes away every notice about the post `object`. Only after write().
  Result<void> drop_all(std::uint64_t object);
  // What the recipient sees is, or may be, another now.
  void change(AccountId account, RecipientRow& recipient);

  // Whom change() has named, since this object was made.
  const std::set<AccountId>& changed() const { return changed_; }

  // Writes what changed, and forgets what was read.
  Result<void> write();

 private:
  Result<NoticeRow*> notice(const NoticeKey& key);
  Result<PersonRow*> person(const NoticeKey& key, AccountId person);
  // The newest notice of a group; 0 where there is none.
  Result<std::uint64_t> newest_of(AccountId recipient, Kind kind, std::uint64_t object);
  Result<std::uint64_t> open(AccountId recipient, const ItemKey& key, std::int64_t unix_ms);
  Result<void> expect_items(std::span<const Expected> all);
  Result<void> expect_recipients(std::span<const Expected> all);
  Result<void> expect_hidden(std::span<const Expected> all);
  Result<void> drop(const NoticeKey& key);
  Result<void> drop_oldest(AccountId recipient);
  Result<void> write_recipients();
  Result<void> write_notices();
  Result<void> write_people();
  Result<void> write_items();

  sql::Connection& connection_;
  std::map<AccountId, RecipientRow> recipients_;
  std::map<NoticeKey, NoticeRow> notices_;
  std::map<std::tuple<AccountId, Kind, std::uint64_t>, std::uint64_t> newest_;
  std::map<std::pair<NoticeKey, AccountId>, PersonRow> people_;
  std::map<ItemKey, ItemRow> items_;
  std::map<std::pair<AccountId, AccountId>, bool> hidden_;
  std::vector<NoticeKey> dropped_;
  std::set<AccountId> changed_;
};

}  // namespace matsuri::notification::internal
