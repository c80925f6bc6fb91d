// Who of another system is whom here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::imports::internal {

struct Person {
  std::string_view source;
  std::string_view id;
};

// A bounded cache over the table imported_account: everybody else is asked for, many at a time.
// One thread.
class Authors {
 public:
  explicit Authors(sql::Db& db, std::size_t count_max = 200'000)
      : db_(db), half_count_max_(count_max / 2) {}

  // Afterwards find() knows all of these whom an import has made, as long as no more than a quarter
  // of count_max are loaded or put.
  Result<void> load(std::span<const Person> people);
  AccountId find(const Person& person);  // none where nobody is known
  void put(const Person& person, AccountId account);

 private:
  using Accounts = std::unordered_map<std::string, AccountId>;

  sql::Db& db_;
  const std::size_t half_count_max_;
  Accounts recent_;  // when it is full it becomes older_, and what lay there is forgotten
  Accounts older_;
};

}  // namespace matsuri::imports::internal
