// The real file system, in a folder of its own under the temporary one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "io/file.h"

namespace matsuri::io {
namespace {

class PosixFilesTest : public testing::Test {
 protected:
  PosixFilesTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "matsuri-io-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  ~PosixFilesTest() override { std::filesystem::remove_all(folder); }

  std::string at(const std::string& name) const { return folder + '/' + name; }
  static unsigned mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }

  FileSystem& files = posix_files();
  std::string folder;
};

TEST_F(PosixFilesTest, ReadsBackWhatItWrote) {
  const auto file = files.open(at("a"), OpenMode::create);
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_EQ(mode_of(at("a")), 0600U);
  ASSERT_TRUE((*file)->write_at(5, as_bytes("world")).ok());
  ASSERT_TRUE((*file)->write_at(0, as_bytes("hello")).ok());
  ASSERT_TRUE((*file)->write_at(3, {}).ok());
  ASSERT_TRUE((*file)->sync_data().ok());
  EXPECT_EQ((*file)->size().value(), 10U);
  std::byte buffer[20];
  EXPECT_EQ((*file)->read_at(0, buffer).value(), 10U);
  EXPECT_EQ(as_text(Bytes(buffer, 10)), "helloworld");
  EXPECT_EQ((*file)->read_at(7, MutableBytes(buffer, 2)).value(), 2U);
  EXPECT_EQ(as_text(Bytes(buffer, 2)), "rl");
  EXPECT_EQ((*file)->read_at(10, buffer).value(), 0U);
  ASSERT_TRUE((*file)->truncate(4).ok());
  EXPECT_EQ(read_file(files, at("a"), 4).value(), "hell");
  EXPECT_EQ(read_file(files, at("a"), 3).error().code(), Code::invalid);
}

TEST_F(PosixFilesTest, ReservesZerosAndNeverShrinks) {
  const auto file = files.open(at("a"), OpenMode::create);
  ASSERT_TRUE((*file)->write_at(0, as_bytes("head")).ok());
  ASSERT_TRUE((*file)->allocate(1 << 20).ok());
  EXPECT_EQ((*file)->size().value(), 1U << 20);
  struct stat status{};
  ASSERT_EQ(stat(at("a").c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, 1 << 20) << "the blocks are there, not a hole";
  ASSERT_TRUE((*file)->allocate(4096).ok());
  ASSERT_TRUE((*file)->allocate(0).ok());
  const std::string content = read_file(files, at("a"), 1 << 20).value();
  ASSERT_EQ(content.size(), 1U << 20);
  EXPECT_EQ(content, "head" + std::string((1 << 20) - 4, '\0'));
}

TEST_F(PosixFilesTest, OpensInTheAskedMode) {
  EXPECT_EQ(files.open(at("a"), OpenMode::read).error().code(), Code::not_found);
  EXPECT_EQ(files.open(at("a"), OpenMode::read_write).error().code(), Code::not_found);
  EXPECT_EQ(files.open(at("no/a"), OpenMode::create).error().code(), Code::not_found);
  ASSERT_TRUE(files.open(at("a"), OpenMode::create_exclusive).ok());
  EXPECT_EQ(files.open(at("a"), OpenMode::create_exclusive).error().code(), Code::conflict);
  ASSERT_TRUE(files.open(at("a"), OpenMode::create).ok());
  const auto reader = files.open(at("a"), OpenMode::read);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->write_at(0, as_bytes("x")).error().code(), Code::io);
  EXPECT_EQ(files.open(at("a/b"), OpenMode::read).error().code(), Code::not_found);
}

TEST_F(PosixFilesTest, ClosesFilesInChildren) {
  const auto file = files.open(at("a"), OpenMode::create);
  ASSERT_TRUE(file.ok());
  bool found = false;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // The iterator's own descriptor.
    if (std::filesystem::read_symlink(entry.path(), gone) != at("a")) continue;
    found = true;
    EXPECT_NE(fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_TRUE(found);
}

TEST_F(PosixFilesTest, RenamesListsAndRemoves) {
  ASSERT_TRUE(replace_file(files, at("b"), as_bytes("b")).ok());
  ASSERT_TRUE(replace_file(files, at("a"), as_bytes("a")).ok());
  EXPECT_EQ(files.list(folder).value(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(files.rename(at("b"), at("a")).ok());
  EXPECT_EQ(read_file(files, at("a"), 9).value(), "b");
  EXPECT_EQ(files.rename(at("b"), at("a")).error().code(), Code::not_found);
  EXPECT_TRUE(files.exists(at("a")).value());
  EXPECT_FALSE(files.exists(at("a/x")).value());
  ASSERT_TRUE(files.remove(at("a")).ok());
  EXPECT_FALSE(files.exists(at("a")).value());
  EXPECT_EQ(files.remove(at("a")).error().code(), Code::not_found);
  EXPECT_TRUE(files.list(folder).value().empty());
  EXPECT_EQ(files.list(at("a")).error().code(), Code::not_found);
  EXPECT_EQ(files.sync_folder(at("a")).error().code(), Code::not_found);
  EXPECT_TRUE(files.sync_folder(folder).ok());
}

TEST_F(PosixFilesTest, ReplacesAFileOverALeftover) {
  ASSERT_TRUE(replace_file(files, at("a.new"), as_bytes("a longer leftover")).ok());
  ASSERT_TRUE(replace_file(files, at("a"), as_bytes("new")).ok());
  EXPECT_EQ(read_file(files, at("a"), 100).value(), "new");
  EXPECT_EQ(files.list(folder).value(), (std::vector<std::string>{"a"}));
}

TEST_F(PosixFilesTest, MakesAndRemovesFolders) {
  ASSERT_TRUE(files.make_folders(at("x/y/z")).ok());
  ASSERT_TRUE(files.make_folders(at("x/y/z/")).ok());
  EXPECT_EQ(mode_of(at("x/y")), 0700U);
  EXPECT_EQ(files.remove(at("x/y")).error().code(), Code::io) << "not empty";
  ASSERT_TRUE(files.remove(at("x/y/z")).ok());
  ASSERT_TRUE(replace_file(files, at("f"), as_bytes("")).ok());
  EXPECT_FALSE(files.make_folders(at("f")).ok());
  EXPECT_FALSE(files.make_folders(at("f/g")).ok());
}

TEST_F(PosixFilesTest, LocksFilesAndFoldersInThisProcessAndInOthers) {
  for (const std::string& path : {at("LOCK"), folder}) {
    SCOPED_TRACE(path);
    auto lock = files.lock(path);
    ASSERT_TRUE(lock.ok()) << lock.error().to_string();
    EXPECT_EQ(files.lock(path).error().code(), Code::busy);
    const pid_t child = fork();
    if (child == 0) {
      const auto second = files.lock(path);
      _exit(!second.ok() && second.error().code() == Code::busy ? 7 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 7);
    lock->reset();
    EXPECT_TRUE(files.lock(path).ok());
  }
}

TEST_F(PosixFilesTest, SaysFullDiskAsExhausted) {
  const auto file = files.open("/dev/full", OpenMode::read_write);
  ASSERT_TRUE(file.ok());
  const auto result = (*file)->write_at(0, as_bytes("x"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::exhausted);
  EXPECT_NE(result.error().message().find("/dev/full"), std::string::npos);
}

TEST(FolderOf, GivesTheFolderOfAPath) {
  EXPECT_EQ(folder_of("a/b/c"), "a/b");
  EXPECT_EQ(folder_of("a"), ".");
  EXPECT_EQ(folder_of("/a"), "/");
  EXPECT_EQ(folder_of("/a/b"), "/a");
}

}  // namespace
}  // namespace matsuri::io
