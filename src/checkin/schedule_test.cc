// Goal: whatever comes in whatever batches, check-ins and facts are what a plain recomputation gives
// from the records one by one; and with points behind it every ok ends as one thing.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "checkin/testing/fixture.h"

namespace matsuri::checkin {
namespace {

using testing::Attempt;
using testing::attempt_record;
using testing::id_at;

using Name = std::pair<std::uint64_t, std::uint32_t>;  // account, window

// The rules in the plainest words: all records are kept, and counted again each time.
class Model {
 public:
  struct One {
    std::uint64_t ticket = 0;
    Status status = Status::pending;
    GrantReason reason = GrantReason::none;
  };

  // What is told.
  std::vector<std::pair<Name, std::uint64_t>> take(const Attempt& attempt) {
    all_.push_back(attempt);
    std::vector<std::pair<Name, std::uint64_t>> told;
    for (auto& [name, one] : checkins)
      if (name.first == attempt.account.value && one.status == Status::pending &&
          one.reason == GrantReason::none) {
        one.reason = reason_of(name.first, one.ticket);
        if (one.reason != GrantReason::none) told.emplace_back(name, 2);
      }
    const Name name{attempt.account.value, attempt.window};
    if (attempt.result != CheckinResult::ok || checkins.contains(name)) return told;
    One one{.ticket = attempt.ticket, .reason = reason_of(name.first, attempt.ticket)};
    if (one.reason == GrantReason::none)
      told.emplace_back(name, 1);
    else
      one.status = Status::voided;
    checkins[name] = one;
    return told;
  }
  void settle(const Name& name, Status status, GrantReason reason) {
    checkins[name].status = status;
    checkins[name].reason = reason;
  }

  std::map<Name, One> checkins;

 private:
  GrantReason reason_of(std::uint64_t account, std::uint64_t ticket) const {
    std::set<std::uint64_t> tickets;
    std::uint32_t attempts = 0;
    for (const Attempt& one : all_) {
      if (one.account.value != account) continue;
      // One over the bound is enough to know: of others nothing is counted.
      if (tickets.size() <= ticket_count_max) tickets.insert(one.ticket);
      if (one.ticket == ticket && tickets.contains(ticket)) ++attempts;
    }
    if (attempts > attempt_count_max) return GrantReason::too_many_attempts;
    if (tickets.size() > ticket_count_max) return GrantReason::too_many_tickets;
    return GrantReason::none;
  }

  std::vector<Attempt> all_;
};

class CheckinScheduleTest : public testing::ViewTest {
 protected:
  // What the first difference was; empty where there was none.
  std::string run(std::uint64_t seed, bool forgets_failures = false) {
    random_.seed(seed);
    for (int step = 0; step < 120; ++step) {
      std::vector<stream::Record> batch;
      std::vector<std::pair<Name, std::uint64_t>> expected;
      for (std::size_t count = 1 + below(9); count > 0; --count) {
        const Attempt attempt = draw();
        std::ranges::copy(model_.take(attempt), std::back_inserter(expected));
        if (forgets_failures && attempt.result != CheckinResult::ok) continue;
        batch.push_back(attempt_record(attempt));
      }
      std::vector<std::pair<Name, std::uint64_t>> told;
      for (const GrantDue& due : testing::dues_of(apply(batch))) {
        told.emplace_back(Name{due.account.value, due.window}, due.rev);
        waiting_.push_back(due);
      }
      std::ranges::sort(told);
      std::ranges::sort(expected);
      if (told != expected) return "other facts at step " + std::to_string(step);
      if (below(3) == 0) answer(below(waiting_.size() + 1));
    }
    answer(waiting_.size());
    return difference();
  }

 private:
  std::uint64_t below(std::uint64_t count) { return random_() % count; }

  Attempt draw() {
    const std::uint64_t account = 1 + below(12);
    // Few tickets of many attempts for some, many of few for others.
    const std::uint64_t ticket = account * 1'000 + below(account % 3 == 0 ? 14 : 6);
    return {.id = id_at(++time_),
            .account = AccountId{account},
            .ticket = ticket,
            .result = below(3) == 0 ? CheckinResult::ok : CheckinResult::no_match,
            .window = static_cast<std::uint32_t>(1 + below(6))};
  }

  // As points do: a grant is for ever, and what was taken back first is void.
  void answer(std::size_t count) {
    std::vector<stream::Record> answers;
    for (std::size_t i = 0; i < count; ++i) {
      const GrantDue& due = waiting_[i];
      const bool is_known = granted_.contains(due.event);
      const bool is_void = !is_known && due.void_reason != GrantReason::none;
      if (!is_void) granted_.insert(due.event);
      const GrantReason reason = is_void ? due.void_reason : GrantReason::none;
      answers.push_back(testing::settled_record(
          due, is_void ? GrantOutcome::voided : GrantOutcome::granted, reason));
      model_.settle({due.account.value, due.window}, is_void ? Status::voided : Status::granted,
                    reason);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    if (!answers.empty()) apply(answers);
  }

  std::string difference() {
    for (std::uint64_t account = 1; account <= 12; ++account) {
      std::map<Name, std::pair<Status, GrantReason>> is, expected;
      for (const Checkin& one : own(AccountId{account}).checkins)
        is[{account, one.window}] = {one.status, one.reason};
      for (const auto& [name, one] : model_.checkins)
        if (name.first == account) expected[name] = {one.status, one.reason};
      if (is != expected) return "the check-ins of " + std::to_string(account) + " are others";
      for (const auto& [name, state] : is)
        if (state.first == Status::pending) return "something is pending for ever";
    }
    return "";
  }

  std::mt19937_64 random_;
  std::int64_t time_ = 0;
  Model model_;
  std::vector<GrantDue> waiting_;
  std::set<std::string> granted_;
};
MATSURI_FOR_EACH_ENGINE(CheckinScheduleTest);

TEST_P(CheckinScheduleTest, RandomSchedulesEqualAPlainRecomputation) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  EXPECT_EQ(run(seed), "");
}

// The test above would find what it is for.
TEST_P(CheckinScheduleTest, FailuresThatAreNotReadAreFound) { EXPECT_NE(run(7, true), ""); }

}  // namespace
}  // namespace matsuri::checkin
