// The simulated disk proves other code's durability, so it must itself be proved: that it forgets
// what it should, keeps what it must, and fails where it is told to.
#include "io/sim_disk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace matsuri::io {
namespace {

class SimDiskTest : public testing::Test {
 protected:
  // Makes or replaces the content of a file, without any sync.
  void write(const std::string& path, std::string_view text, std::uint64_t offset = 0) {
    const auto file = disk.open(path, OpenMode::create);
    ASSERT_TRUE(file.ok()) << file.error().to_string();
    ASSERT_TRUE((*file)->write_at(offset, as_bytes(text)).ok());
  }
  void write_synced(const std::string& path, std::string_view text) {
    write(path, text);
    sync(path);
    ASSERT_TRUE(disk.sync_folder(folder_of(path)).ok());
  }
  void sync(const std::string& path) {
    const auto file = disk.open(path, OpenMode::read_write);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->sync_data().ok());
  }
  // "?" where there is no such file.
  std::string content(const std::string& path) {
    const auto text = read_file(disk, path, 1 << 20);
    return text.ok() ? *text : text.error().code() == Code::not_found ? "?" : "!";
  }
  void cut(Survival survival = Survival::none) { disk.power_on(survival, random); }

  SimDisk disk;
  SeededRandom random{7};
};

TEST_F(SimDiskTest, ReadsWhatWasWrittenWithHolesAsZeros) {
  write("a", "end", 10'000);
  const auto file = disk.open("a", OpenMode::read);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size().value(), 10'003U);
  std::vector<std::byte> buffer(20'000, std::byte{0xff});
  EXPECT_EQ((*file)->read_at(9'000, buffer).value(), 1'003U);
  for (std::size_t at = 0; at < 1'000; ++at) ASSERT_EQ(buffer[at], std::byte{0});
  EXPECT_EQ(as_text(Bytes(buffer).subspan(1'000, 3)), "end");
  EXPECT_EQ((*file)->read_at(10'003, buffer).value(), 0U);
  EXPECT_EQ((*file)->write_at(0, as_bytes("x")).error().code(), Code::io) << "open for reading";
}

TEST_F(SimDiskTest, ForgetsAFileWhoseNameWasNotSynced) {
  write("a", "text");
  sync("a");
  cut();
  EXPECT_EQ(content("a"), "?");
}

TEST_F(SimDiskTest, KeepsAnEmptyFileWhoseNameAloneWasSynced) {
  write("a", "text");
  ASSERT_TRUE(disk.sync_folder(".").ok());
  cut();
  EXPECT_EQ(content("a"), "");
}

TEST_F(SimDiskTest, ForgetsAWriteAfterTheLastSync) {
  write_synced("a", "first");
  write("a", "other");
  write("a", " and more", 5);
  EXPECT_EQ(content("a"), "other and more");
  cut();
  EXPECT_EQ(content("a"), "first");
  write("a", "F");
  EXPECT_EQ(content("a"), "First") << "pages must not be shared after the power came back";
  cut();
  EXPECT_EQ(content("a"), "first");
}

TEST_F(SimDiskTest, ForgetsARenameWithoutASyncOfTheFolder) {
  write_synced("a", "old");
  write_synced("b", "new");
  ASSERT_TRUE(disk.rename("b", "a").ok());
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(content("b"), "?");
  cut();
  EXPECT_EQ(content("a"), "old");
  EXPECT_EQ(content("b"), "new");
  ASSERT_TRUE(disk.rename("b", "a").ok());
  ASSERT_TRUE(disk.sync_folder(".").ok());
  cut();
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(content("b"), "?");
}

TEST_F(SimDiskTest, MovesANameIntoASyncedFolderAndMayLeaveTheOldOne) {
  ASSERT_TRUE(disk.make_folders("from").ok());
  ASSERT_TRUE(disk.make_folders("to").ok());
  write_synced("from/a", "text");
  ASSERT_TRUE(disk.rename("from/a", "to/a").ok());
  ASSERT_TRUE(disk.sync_folder("to").ok());
  cut();
  EXPECT_EQ(content("to/a"), "text");
  EXPECT_EQ(content("from/a"), "text");
}

TEST_F(SimDiskTest, BringsARemovedFileBackWithoutASync) {
  write_synced("a", "text");
  ASSERT_TRUE(disk.remove("a").ok());
  EXPECT_FALSE(disk.exists("a").value());
  cut();
  EXPECT_EQ(content("a"), "text");
  ASSERT_TRUE(disk.remove("a").ok());
  ASSERT_TRUE(disk.sync_folder(".").ok());
  cut();
  EXPECT_EQ(content("a"), "?");
}

TEST_F(SimDiskTest, TruncatesAndAllocatesDurablyOnlyWithASync) {
  write_synced("a", "0123456789");
  {
    const auto file = disk.open("a", OpenMode::read_write);
    ASSERT_TRUE((*file)->truncate(4).ok());
    ASSERT_TRUE((*file)->allocate(8).ok());
    ASSERT_TRUE((*file)->allocate(2).ok()) << "does not shrink";
  }
  EXPECT_EQ(content("a"), std::string("0123\0\0\0\0", 8));
  cut();
  EXPECT_EQ(content("a"), "0123456789");
  {
    const auto file = disk.open("a", OpenMode::read_write);
    ASSERT_TRUE((*file)->truncate(4).ok());
    ASSERT_TRUE((*file)->sync_data().ok());
    ASSERT_TRUE((*file)->allocate(8).ok());
  }
  cut();
  EXPECT_EQ(content("a"), "0123");
}

TEST_F(SimDiskTest, SurvivesWholeWhereAskedTo) {
  write("a", "text");
  ASSERT_TRUE(disk.rename("a", "b").ok());
  cut(Survival::all);
  EXPECT_EQ(content("b"), "text");
  EXPECT_EQ(content("a"), "?");
  cut();
  EXPECT_EQ(content("b"), "text") << "what survived one cut is durable";
}

// Goal: a random cut keeps what was synced, tears the rest at sectors and nowhere else, and reaches
// all of the corners. Method: write one half of 16 sectors over, and look at 400 cuts.
TEST_F(SimDiskTest, TearsUnsyncedWritesAtSectors) {
  std::set<std::string> shapes;
  std::set<std::size_t> sizes;
  for (int round = 0; round < 400; ++round) {
    SimDisk fresh;
    {
      const auto file = fresh.open("a", OpenMode::create);
      ASSERT_TRUE((*file)->write_at(0, as_bytes(std::string(16 * 512, 'o'))).ok());
      ASSERT_TRUE((*file)->sync_data().ok());
      ASSERT_TRUE(fresh.sync_folder(".").ok());
      ASSERT_TRUE((*file)->write_at(14 * 512, as_bytes(std::string(4 * 512, 'n'))).ok());
    }
    fresh.power_on(Survival::random, random);
    const std::string text = read_file(fresh, "a", 1 << 20).value();
    ASSERT_GE(text.size(), 16U * 512);
    ASSERT_LE(text.size(), 18U * 512);
    sizes.insert(text.size());
    ASSERT_EQ(text.substr(0, 14 * 512), std::string(14 * 512, 'o'));
    std::string shape;
    for (std::size_t at = 14 * 512; at < text.size(); at += 512) {
      const std::string sector = text.substr(at, 512);
      ASSERT_EQ(sector, std::string(sector.size(), sector.front()));
      shape += sector.front() == '\0' ? '0' : sector.front();
    }
    shapes.insert(shape);
  }
  for (const char* shape : {"oo", "on", "no", "nn", "nnnn", "oonn", "nn00", "oo0n"})
    EXPECT_TRUE(shapes.contains(shape)) << shape;
  EXPECT_TRUE(sizes.contains(16 * 512));
  EXPECT_TRUE(sizes.contains(18 * 512));
  EXPECT_GT(sizes.size(), 10U) << "sizes between the two";
}

// Goal: of unsynced names any subset survives, but never half a rename.
TEST_F(SimDiskTest, KeepsAnySubsetOfUnsyncedNames) {
  std::set<std::string> outcomes;
  for (int round = 0; round < 200; ++round) {
    SimDisk fresh;
    {
      const auto old = fresh.open("old", OpenMode::create);
      ASSERT_TRUE(fresh.sync_folder(".").ok());
      const auto made = fresh.open("made", OpenMode::create);
      ASSERT_TRUE(fresh.rename("old", "renamed").ok());
    }
    fresh.power_on(Survival::random, random);
    std::string names;
    for (const std::string& name : fresh.list(".").value()) names += name + ' ';
    outcomes.insert(names);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"made old ", "made renamed ", "old ", "renamed "}));
}

TEST_F(SimDiskTest, RepeatsARandomCutFromItsSeed) {
  const auto run = [](std::uint64_t seed) {
    SimDisk fresh;
    for (int file = 0; file < 8; ++file) {
      const auto opened = fresh.open("f" + std::to_string(file), OpenMode::create);
      EXPECT_TRUE((*opened)->write_at(0, as_bytes(std::string(5'000, 'x'))).ok());
      if (file % 2 == 0) EXPECT_TRUE(fresh.sync_folder(".").ok());
    }
    SeededRandom seeded(seed);
    fresh.power_on(Survival::random, seeded);
    std::string all;
    for (const std::string& name : fresh.list("/").value())
      all += name + ':' + read_file(fresh, name, 1 << 20).value();
    return all;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

// Goal: a cut before operation n leaves exactly the first n done. Method: run one script with a cut
// at every index, and count.
TEST_F(SimDiskTest, CutsBeforeTheGivenOperationAndStaysCut) {
  const auto script = [](SimDisk& at) -> Result<void> {
    TRY_ASSIGN(const auto file, at.open("a", OpenMode::create));  // 0
    TRY(file->write_at(0, as_bytes("x")));                        // 1
    TRY(file->sync_data());                                       // 2
    TRY(at.sync_folder("."));                                     // 3
    TRY(at.rename("a", "b"));                                     // 4
    TRY(at.sync_folder("."));                                     // 5
    TRY(at.remove("b"));                                          // 6
    return {};
  };
  SimDisk whole;
  ASSERT_TRUE(script(whole).ok());
  ASSERT_EQ(whole.operation_count(), 7U);
  const std::vector<std::string> live = {"", "a=", "a=x", "a=x", "a=x", "b=x", "b=x", ""};
  const std::vector<std::string> kept = {"", "", "", "", "a=x", "a=x", "b=x", "b=x"};
  for (std::uint64_t index = 0; index <= 7; ++index) {
    SCOPED_TRACE(index);
    for (const Survival survival : {Survival::all, Survival::none}) {
      SimDisk fresh;
      fresh.cut_before(index);
      const Result<void> result = script(fresh);
      EXPECT_EQ(result.ok(), index == 7);
      EXPECT_EQ(fresh.operation_count(), index);
      EXPECT_EQ(fresh.is_cut(), index < 7);
      if (index < 7) {
        EXPECT_EQ(result.error().code(), Code::io);
        EXPECT_EQ(fresh.list(".").error().code(), Code::io);
        EXPECT_EQ(fresh.exists("a").error().code(), Code::io);
        EXPECT_EQ(fresh.open("a", OpenMode::read).error().code(), Code::io);
      }
      fresh.power_on(survival, random);
      EXPECT_FALSE(fresh.is_cut());
      std::string state;
      for (const std::string& name : fresh.list(".").value())
        state += name + '=' + read_file(fresh, name, 10).value();
      EXPECT_EQ(state, survival == Survival::all ? live[index] : kept[index]);
    }
  }
}

TEST_F(SimDiskTest, CutsOpenFilesToo) {
  {
    const auto file = disk.open("a", OpenMode::create);
    disk.cut_now();
    std::byte byte{};
    EXPECT_EQ((*file)->read_at(0, MutableBytes(&byte, 1)).error().code(), Code::io);
    EXPECT_EQ((*file)->size().error().code(), Code::io);
    EXPECT_EQ((*file)->sync_data().error().code(), Code::io);
  }
  cut();
  EXPECT_EQ(content("a"), "?");
}

TEST_F(SimDiskTest, MakesFoldersDurablyAndForgetsWhatLiesInUnsyncedOnes) {
  ASSERT_TRUE(disk.make_folders("/a/b/c").ok());
  ASSERT_TRUE(disk.make_folders("a/b/c/").ok()) << "relative is the same, and again is no error";
  cut();
  EXPECT_TRUE(disk.exists("/a/b/c").value());
  write_synced("a/b/c/file", "x");
  EXPECT_EQ(disk.make_folders("a/b/c/file").error().code(), Code::io);
  EXPECT_EQ(disk.remove("a/b/c").error().code(), Code::io) << "not empty";
  ASSERT_TRUE(disk.rename("a/b", "a/d").ok());
  EXPECT_EQ(content("a/d/c/file"), "x");
  cut();
  EXPECT_EQ(content("a/b/c/file"), "x");
  EXPECT_EQ(disk.rename("a", "a/b/z").error().code(), Code::io) << "into itself";
}

TEST_F(SimDiskTest, FailsAsPosixDoes) {
  EXPECT_EQ(disk.open("a", OpenMode::read).error().code(), Code::not_found);
  EXPECT_EQ(disk.open("a", OpenMode::read_write).error().code(), Code::not_found);
  EXPECT_EQ(disk.open("no/a", OpenMode::create).error().code(), Code::not_found);
  EXPECT_EQ(disk.rename("a", "b").error().code(), Code::not_found);
  EXPECT_EQ(disk.remove("a").error().code(), Code::not_found);
  EXPECT_EQ(disk.list("a").error().code(), Code::not_found);
  EXPECT_EQ(disk.sync_folder("a").error().code(), Code::not_found);
  ASSERT_TRUE(disk.open("a", OpenMode::create_exclusive).ok());
  EXPECT_EQ(disk.open("a", OpenMode::create_exclusive).error().code(), Code::conflict);
}

TEST_F(SimDiskTest, RunsFullAndGoesOnWhenSpaceComesBack) {
  disk.set_capacity(100);
  write("a", std::string(60, 'a'));
  {
    const auto file = disk.open("b", OpenMode::create);
    EXPECT_EQ((*file)->allocate(41).error().code(), Code::exhausted);
    EXPECT_EQ((*file)->size().value(), 0U);
    ASSERT_TRUE((*file)->allocate(40).ok());
    EXPECT_TRUE((*file)->write_at(0, as_bytes(std::string(40, 'b'))).ok())
        << "reserved space can't run out";
    EXPECT_EQ((*file)->write_at(30, as_bytes(std::string(11, 'c'))).error().code(),
              Code::exhausted);
    ASSERT_TRUE(disk.remove("a").ok());
    EXPECT_TRUE((*file)->write_at(30, as_bytes(std::string(11, 'c'))).ok());
  }
  const auto open_file = disk.open("b", OpenMode::read);
  ASSERT_TRUE(disk.remove("b").ok());
  const auto other = disk.open("c", OpenMode::create);
  EXPECT_EQ((*other)->allocate(100).error().code(), Code::exhausted)
      << "a removed file that is open still takes its space";
}

TEST_F(SimDiskTest, WritesWhatFitsOfAWriteThatDoesNot) {
  disk.set_capacity(4);
  const auto file = disk.open("a", OpenMode::create);
  EXPECT_EQ((*file)->write_at(0, as_bytes("123456")).error().code(), Code::exhausted);
  EXPECT_EQ(content("a"), "1234");
}

TEST_F(SimDiskTest, FailsAnOperationByHookWithoutDoingIt) {
  write_synced("a", "old");
  write("a", "new");
  std::vector<DiskOperation> seen;
  disk.on_operation([&](DiskOperation operation, const std::string& path) -> Result<void> {
    EXPECT_EQ(path, "a");
    EXPECT_TRUE(disk.exists("a").value()) << "called outside the disk's lock";
    seen.push_back(operation);
    if (operation == DiskOperation::sync_data) return Error(Code::io, "broken");
    return {};
  });
  {
    const auto file = disk.open("a", OpenMode::read_write);
    EXPECT_TRUE((*file)->write_at(0, as_bytes("N")).ok());
    EXPECT_EQ((*file)->sync_data().error().message(), "broken");
  }
  EXPECT_EQ(seen, (std::vector{DiskOperation::write, DiskOperation::sync_data}));
  disk.on_operation(nullptr);
  cut();
  EXPECT_EQ(content("a"), "old");
}

TEST_F(SimDiskTest, AFailedSyncLosesWhatTheMachineGoesOnSeeing) {
  write_synced("a", "old");
  const auto file_fails = [&] {
    disk.on_operation([](DiskOperation operation, const std::string&) -> Result<void> {
      if (operation == DiskOperation::sync_data) return Error(Code::io, "broken");
      return {};
    });
    const auto file = disk.open("a", OpenMode::read_write);
    EXPECT_FALSE((*file)->sync_data().ok());
    disk.on_operation(nullptr);
  };
  write("a", "new");
  file_fails();
  EXPECT_EQ(content("a"), "new");
  sync("a");  // Has nothing to do: the page is clean.
  EXPECT_EQ(content("a"), "new");
  cut(Survival::random);
  EXPECT_EQ(content("a"), "old");

  write("a", "new");
  file_fails();
  write("a", "n");  // Makes the page dirty, and so all of it comes to the platter.
  sync("a");
  cut();
  EXPECT_EQ(content("a"), "new");
}

TEST_F(SimDiskTest, LocksAgainstASecondHolderUntilLetGoOrCut) {
  auto lock = disk.lock("LOCK");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(disk.lock("./LOCK").error().code(), Code::busy);
  lock->reset();
  auto again = disk.lock("/LOCK");
  ASSERT_TRUE(again.ok());
  cut();
  auto after = disk.lock("LOCK");
  ASSERT_TRUE(after.ok());
  again->reset();  // Belongs to the time before the cut, and must not open the new lock.
  EXPECT_EQ(disk.lock("LOCK").error().code(), Code::busy);
}

TEST_F(SimDiskTest, HoldsALargeSegmentForNothing) {
  for (int round = 0; round < 200; ++round) {
    SimDisk fresh;
    {
      const auto file = fresh.open("segment", OpenMode::create);
      ASSERT_TRUE((*file)->allocate(64 << 20).ok());
      ASSERT_TRUE((*file)->sync_data().ok());
      ASSERT_TRUE((*file)->write_at(32 << 20, as_bytes("x")).ok());
    }
    ASSERT_TRUE(fresh.sync_folder(".").ok());
    fresh.power_on(Survival::none, random);
    const auto file = fresh.open("segment", OpenMode::read);
    EXPECT_EQ((*file)->size().value(), 64U << 20);
  }
}

TEST_F(SimDiskTest, WorksFromManyThreads) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([this, thread] {
      const std::string path = "f" + std::to_string(thread);
      const auto file = disk.open(path, OpenMode::create);
      for (std::uint64_t at = 0; at < 200; ++at) {
        EXPECT_TRUE((*file)->write_at(at, as_bytes("x")).ok());
        EXPECT_TRUE((*file)->sync_data().ok());
      }
      EXPECT_TRUE(disk.sync_folder(".").ok());
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(disk.operation_count(), 4U * 402);
  cut();
  for (int thread = 0; thread < 4; ++thread)
    EXPECT_EQ(content("f" + std::to_string(thread)), std::string(200, 'x'));
}

TEST_F(SimDiskTest, AHookIsNotInUseWhenAnotherHasItsPlace) {
  std::atomic<bool> is_inside = false, is_let_go = false, is_replaced = false;
  disk.on_operation([&](DiskOperation, const std::string&) -> Result<void> {
    is_inside = true;
    is_inside.notify_all();
    is_let_go.wait(false);
    EXPECT_FALSE(is_replaced);
    return {};
  });
  std::thread writing([&] { write("a", "text"); });
  is_inside.wait(false);
  std::thread replacing([&] {
    disk.on_operation(nullptr);
    is_replaced = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // in which it could get ahead
  is_let_go = true;
  is_let_go.notify_all();
  writing.join();
  replacing.join();
  EXPECT_TRUE(is_replaced);
}

TEST_F(SimDiskTest, ReplacesAFileWholeWhateverTheCut) {
  write_synced("a", "old");
  const std::uint64_t start = disk.operation_count();
  ASSERT_TRUE(replace_file(disk, "a", as_bytes("newer")).ok());
  const std::uint64_t count = disk.operation_count() - start;
  for (std::uint64_t index = 0; index <= count; ++index)
    for (const Survival survival : {Survival::none, Survival::random, Survival::all}) {
      SimDisk fresh;
      ASSERT_TRUE(replace_file(fresh, "a", as_bytes("old")).ok());
      fresh.cut_before(fresh.operation_count() + index);
      const bool done = replace_file(fresh, "a", as_bytes("newer")).ok();
      fresh.power_on(survival, random);
      const std::string text = read_file(fresh, "a", 100).value();
      EXPECT_TRUE(text == "newer" || (text == "old" && !done)) << index << ' ' << text;
    }
}

}  // namespace
}  // namespace matsuri::io
