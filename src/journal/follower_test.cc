// Following a journal that another process writes: what was read is durable, and damage is told.
#include "journal/follower.h"

#include <gtest/gtest.h>

#include <atomic>

#include "io/executor.h"
#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

class FollowerTest : public ::testing::Test {
 protected:
  static std::uint64_t end_of(Follower& follower) {
    const auto ranges = follower.look();
    EXPECT_TRUE(ranges.ok()) << ranges.error().to_string();
    return ranges.ok() && !ranges->empty() ? ranges->back().end_offset : 0;
  }

  Machine machine_;
};

// Goal: every look gives what list_ranges() gives, through growth, rolls and the next writer.
TEST_F(FollowerTest, SeesWhatIsThere) {
  Follower follower(machine_.disk, "journal");
  EXPECT_EQ(follower.look().error().code(), Code::not_found);
  io::SeededRandom random(seed_of_run());
  for (int writers = 0; writers < 3; ++writers) {
    auto writer = machine_.open();
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t count = random.next_u64() % 4;
      for (std::uint64_t n = 0; n < count; ++n) machine_.append(*writer, random.next_u64() % 900);
      const auto ranges = follower.look();
      ASSERT_TRUE(ranges.ok()) << ranges.error().to_string();
      ASSERT_EQ(ranges->back().end_offset, writer->durable_offset());
      ASSERT_EQ(ranges->back().origin, writer->origin());
      ASSERT_EQ(ranges->back().first_offset, 1U);
    }
  }
  EXPECT_GT(machine_.segments().size(), 4U);
}

// Goal: no record that a look gave is lost with the power, and its offset given to another.
// Method: a batch whose sync waits is looked at; then the power is cut, and nothing survives that
// was not synced. Syncs of the next segment, which has another name yet, are left alone.
TEST_F(FollowerTest, MakesDurableWhatItGives) {
  std::uint64_t seen = 0;
  {
    Follower follower(machine_.disk, "journal");
    auto writer = machine_.open();
    machine_.append(*writer);
    ASSERT_EQ(end_of(follower), 1U);
    std::atomic<bool> is_held = true, is_waiting = false;
    const auto own = std::this_thread::get_id();
    machine_.disk.on_operation(
        [&](io::DiskOperation operation, const std::string& path) -> Result<void> {
          if (operation != io::DiskOperation::sync_data || !path.ends_with(".seg") ||
              std::this_thread::get_id() == own)
            return {};
          is_waiting = true;
          wait_until([&] { return !is_held; });
          return Error(Code::io, "the power is gone");
        });
    io::InlineExecutor executor;
    Answer answer;
    ASSERT_TRUE(
        writer->append(header_of(2), as_bytes(payload_of(2, 100)), executor, answer.completion())
            .ok());
    wait_until([&] { return is_waiting.load(); });
    seen = end_of(follower);
    machine_.disk.cut_now();
    is_held = false;
    EXPECT_FALSE(answer.wait().ok());
    writer.reset();
  }
  machine_.disk.on_operation(nullptr);
  EXPECT_EQ(seen, 2U) << "it was written, and is read";
  machine_.disk.power_on(io::Survival::none, machine_.random);
  auto writer = machine_.open();
  EXPECT_EQ(writer->durable_offset(), seen);
}

// Goal: the short way of looking on passes over no damage.
TEST_F(FollowerTest, TellsOfDamage) {
  Follower follower(machine_.disk, "journal");
  auto writer = machine_.open();
  machine_.append(*writer);
  ASSERT_EQ(end_of(follower), 1U);
  const std::string path = "journal/" + machine_.segments().back();
  machine_.append(*writer);
  machine_.append(*writer);
  std::string bytes = machine_.content(path);
  const std::size_t second = bytes.find(payload_of(2, 100));
  ASSERT_NE(second, std::string::npos);
  bytes[second] ^= 1;
  machine_.replace(path, bytes);
  EXPECT_EQ(follower.look().error().code(), Code::corrupt);
  bytes[second] ^= 1;
  machine_.replace(path, bytes);
  EXPECT_EQ(end_of(follower), 3U);
}

}  // namespace
}  // namespace matsuri::journal
