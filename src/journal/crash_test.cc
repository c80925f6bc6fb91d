// A power cut before every operation of a scripted run that changes the disk: what was answered is
// there once, nothing is there twice, and no id is made twice. Then the same with planted bugs, to
// see that the checks find them.
#include <gtest/gtest.h>

#include <set>

#include "journal/id_maker.h"
#include "journal/testing/broken_files.h"
#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

// Everything of one run: the machine survives power cuts, what runs on it does not.
class CrashRun {
 public:
  // `files` is the machine's disk, or something broken around it.
  explicit CrashRun(std::uint64_t seed) : seeded_(seed) {}

  Machine machine;
  io::FileSystem* files = &machine.disk;
  std::vector<std::string> wrong;
  // What the second cut leaves: nothing unsynced, as recovery has to make durable what it keeps.
  io::Survival second_survival = io::Survival::none;

  // The script: batches of one and of several records, rolls, retention, a restart, a restore.
  // Ends early where the power goes.
  void script(std::size_t step_count) {
    for (std::size_t step = 0; step < step_count && !machine.disk.is_cut(); ++step) {
      if (!is_open() && !open()) return;
      switch (step % 16) {
        case 5:
          append_three(150);
          break;
        case 7:
          drop();
          break;
        case 9:
          close();
          break;
        case 13:
          close();
          restore();
          break;
        default:
          append(step % 3 == 0 ? 3000 : step % 3 == 1 ? 0 : 200, step % 2 == 0);
      }
    }
    close();
  }

  // The power comes back: everything must be right, stay right over another cut, and go on.
  void check(io::Survival survival) {
    close();
    machine.disk.power_on(survival, seeded_);
    if (!open()) return note_open_failure();
    note(machine.history.check(*files, "journal"));
    if (!wrong.empty()) return close();
    append(100, true);
    append_three(10);
    close();
    machine.disk.power_on(second_survival, seeded_);
    if (!open()) return note_open_failure();
    note(machine.history.check(*files, "journal"));
    close();
  }

  std::uint64_t draw(std::uint64_t below) { return seeded_.next_u64() % below; }

 private:
  bool is_open() const { return writer_ != nullptr; }

  bool open() {
    open_error_.clear();
    auto options = machine.options();
    options.batch_body_size_max = 4096;
    options.segment_size = segment_header_size + 6144;
    options.files = files;
    if (!machine.disk.make_folders("ids").ok()) return false;
    auto ids = IdMaker::open({.path = "ids/node",
                              .region = options.region,
                              .node = options.node,
                              .files = &machine.disk,
                              .clock = &machine.clock});
    auto writer = Writer::open(options);
    if (!ids.ok()) open_error_ = ids.error().to_string();
    if (!writer.ok()) open_error_ = writer.error().to_string();
    if (!ids.ok() || !writer.ok()) return false;
    ids_ = std::move(ids).value();
    writer_ = std::move(writer).value();
    return true;
  }

  void close() {
    writer_.reset();
    ids_.reset();
  }

  void note(std::vector<std::string> more) {
    wrong.insert(wrong.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  }
  void note_open_failure() {
    close();
    wrong.push_back("does not open: " + open_error_);
  }

  // 0 where the power is gone.
  std::uint64_t make_id() {
    for (;;) {
      const auto id = ids_->next();
      if (id.ok()) {
        if (*id <= id_made_last_) wrong.push_back("an id is not greater than the last one");
        id_made_last_ = *id;
        return *id;
      }
      if (machine.disk.is_cut()) return 0;
      std::this_thread::yield();
    }
  }

  // Calls until the answer is another one than busy: the next segment is on its way.
  template <class Call>
  auto when_not_busy(Call call) {
    for (;;) {
      auto result = call();
      if (result.ok() || result.error().code() != Code::busy || machine.disk.is_cut())
        return result;
      std::this_thread::yield();
    }
  }

  void append(std::size_t size, bool waits) {
    const std::uint64_t id = make_id();
    if (id == 0) return;
    machine.clock.advance_ms(100);
    const std::string payload = payload_of(id, size);
    machine.history.ask(id, payload);
    Answer answer;
    io::InlineExecutor executor;
    Result<Position> done = Error(Code::busy, "");
    if (waits) {
      done =
          when_not_busy([&] { return writer_->append_and_wait(header_of(id), as_bytes(payload)); });
    } else if (when_not_busy([&] {
                 return writer_->append(header_of(id), as_bytes(payload), executor,
                                        answer.completion());
               }).ok()) {
      done = answer.wait();
    }
    if (done.ok()) machine.history.answer(id, *done);
  }

  void append_three(std::size_t size) {
    std::vector<Writer::Entry> entries;
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t id = make_id();
      if (id == 0) return;
      entries.push_back({.header = header_of(id), .payload = payload_of(id, size)});
      machine.history.ask(id, entries.back().payload);
    }
    Answer answer;
    io::InlineExecutor executor;
    if (!when_not_busy([&] {
           return writer_->append_all(entries, executor, answer.completion());
         }).ok())
      return;
    const auto done = answer.wait();
    if (!done.ok()) return;
    for (std::uint64_t i = 0; i < 3; ++i)
      machine.history.answer(entries[i].header.id,
                             Position{.origin = done->origin, .offset = done->offset - 2 + i});
  }

  // All but the last three records of the incarnation, and all of the older ones, count as applied.
  void drop() {
    std::vector<Position> applied;
    const auto ranges = list_ranges(*files, "journal");
    if (!ranges.ok()) return;
    for (const Range& range : *ranges)
      applied.push_back({.origin = range.origin,
                         .offset = range.sealed ? range.end_offset
                                                : range.end_offset - std::min<std::uint64_t>(
                                                                         range.end_offset, 3)});
    for (const Position& position : applied) machine.history.may_drop(position);
    static_cast<void>(writer_->drop_applied(applied, 0));
  }

  void restore() {
    const auto origin = begin_incarnation(*files, "journal", machine.random);
    if (!origin.ok() && !machine.disk.is_cut())
      wrong.push_back("restore: " + origin.error().to_string());
  }

  io::SeededRandom seeded_;
  std::unique_ptr<IdMaker> ids_;
  std::unique_ptr<Writer> writer_;
  std::string open_error_;
  std::uint64_t id_made_last_ = 0;
};

constexpr std::size_t script_step_count = 48;

// Cuts the power before each operation in turn, until one run ends without a cut. `run` is called
// after each; it says whether to go on.
template <class Wrap, class Look>
void cut_everywhere(io::Survival survival, std::uint64_t seed, Wrap wrap, Look look,
                    io::Survival second_survival = io::Survival::none) {
  for (std::uint64_t index = 0;; ++index) {
    CrashRun run(seed + index);
    run.second_survival = second_survival;
    const auto broken = wrap(run.machine.disk);
    if (broken) run.files = broken.get();
    run.machine.disk.cut_before(index);
    run.script(script_step_count);
    const bool was_cut = run.machine.disk.is_cut();
    const std::size_t answered_count = run.machine.history.answered_count();
    run.check(survival);
    if (!look(run, index)) return;
    if (was_cut) continue;
    EXPECT_GT(index, 200U) << "the script was to do more";
    EXPECT_GT(answered_count, 40U);
    return;
  }
}

std::unique_ptr<io::FileSystem> intact(io::FileSystem&) { return nullptr; }

class CrashTest : public ::testing::TestWithParam<io::Survival> {};

TEST_P(CrashTest, LosesAndDoublesNothingWhereverThePowerGoes) {
  const std::uint64_t seed = seed_of_run();
  cut_everywhere(GetParam(), seed, intact, [](const CrashRun& run, std::uint64_t index) {
    EXPECT_TRUE(run.wrong.empty()) << "cut before operation " << index << ": " << run.wrong.front();
    return run.wrong.empty();
  });
}

INSTANTIATE_TEST_SUITE_P(Journal, CrashTest,
                         ::testing::Values(io::Survival::none, io::Survival::random,
                                           io::Survival::all),
                         [](const auto& param) {
                           return param.param == io::Survival::none     ? "NothingUnsynced"
                                  : param.param == io::Survival::random ? "RandomSectors"
                                                                        : "AllAsAfterKill";
                         });

// One journal through a hundred cuts at random places, also while it recovers from the one before.
TEST(CrashSeriesTest, SurvivesACutAfterEveryCut) {
  const std::uint64_t seed = seed_of_run();
  for (std::uint64_t series = 0; series < 5; ++series) {
    CrashRun run(seed + series);
    for (int cut = 0; cut < 100; ++cut) {
      run.machine.disk.cut_before(run.machine.disk.operation_count() + run.draw(90));
      run.script(script_step_count);
      if (run.draw(3) == 0) {
        // Anything goes; only what the last cut left is looked at.
        run.machine.disk.power_on(static_cast<io::Survival>(run.draw(3)), run.machine.random);
        continue;
      }
      run.check(static_cast<io::Survival>(run.draw(3)));
      ASSERT_TRUE(run.wrong.empty())
          << "series " << series << " cut " << cut << ": " << run.wrong.front();
    }
    EXPECT_GT(run.machine.history.answered_count(), 200U);
  }
}

// Expects that the checks above find something wrong somewhere, and says what.
template <class Broken>
std::string found_with(io::Survival survival, std::uint64_t seed,
                       io::Survival second_survival = io::Survival::none) {
  std::string found;
  const auto wrap = [](io::FileSystem& inner) { return std::make_unique<Broken>(inner); };
  cut_everywhere(
      survival, seed, wrap,
      [&](const CrashRun& run, std::uint64_t) {
        if (!run.wrong.empty()) found = run.wrong.front();
        return found.empty();
      },
      second_survival);
  return found;
}

TEST(CrashPlantedBugTest, FindsAMissingFdatasync) {
  const std::string found = found_with<NoSyncFiles>(io::Survival::none, 1);
  EXPECT_NE(found.find("was answered, and is lost"), std::string::npos) << found;
}

TEST(CrashPlantedBugTest, KillAloneWouldNotFindAMissingFdatasync) {
  EXPECT_EQ(found_with<NoSyncFiles>(io::Survival::all, 1, io::Survival::all), "");
}

TEST(CrashPlantedBugTest, FindsAFolderThatIsNotSyncedOnRoll) {
  const std::string found = found_with<NoRollSyncFiles>(io::Survival::none, 1);
  EXPECT_NE(found.find("was answered, and is lost"), std::string::npos) << found;
}

TEST(CrashPlantedBugTest, FindsUncheckedChecksums) {
  std::string found;
  for (std::uint64_t seed = 1; seed < 10 && found.empty(); ++seed)
    found = found_with<NoCrcFiles>(io::Survival::random, seed * 10'000);
  EXPECT_FALSE(found.empty());
}

}  // namespace
}  // namespace matsuri::journal
