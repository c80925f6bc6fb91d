// The real file system. Every call that the kernel may interrupt or cut short is finished here, and
// errno becomes a Code here, so that nobody above ever looks at errno.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "io/append.h"
#include "io/file.h"

namespace matsuri::io {
namespace {

Error error_of(int number, std::string_view what, const std::string& path) {
  Code code = Code::io;
  if (number == ENOENT || number == ENOTDIR) code = Code::not_found;
  if (number == EEXIST) code = Code::conflict;
  if (number == ENOSPC || number == EDQUOT) code = Code::exhausted;
  std::string message(what);
  message += ' ';
  message += path;
  message += ": ";
  message += std::generic_category().message(number);
  return {code, std::move(message)};
}

// Calls again for as long as a signal interrupts.
template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);  // Nothing to do about an error: what matters was synced.
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int number() const { return number_; }

 private:
  int number_;
};

Result<Descriptor> open_descriptor(const std::string& path, int flags) {
  const int number = retried([&] { return open(path.c_str(), flags | O_CLOEXEC, 0600); });
  if (number < 0) return error_of(errno, "open", path);
  return Descriptor(number);
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t got = retried([&] {
        return pread(number(), buffer.data() + done, buffer.size() - done,
                     static_cast<off_t>(offset + done));
      });
      if (got < 0) return error_of(errno, "read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = retried(
          [&] { return pwrite(number(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (put < 0) return error_of(errno, "write", path_);
      // POSIX allows it for no known file; without this it would loop for ever.
      if (put == 0) return error_of(EIO, "write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return {};
  }

  // Not retried on EINTR: the kernel may report a lost page only once, so that the second call
  // could succeed over lost data.
  Result<void> sync_data() override {
    if (fdatasync(number()) < 0) return error_of(errno, "fdatasync", path_);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (fstat(number(), &status) < 0) return error_of(errno, "stat", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> allocate(std::uint64_t size) override {
    if (size == 0) return {};
    TRY_ASSIGN(const std::uint64_t before, this->size());
    const int failed = retried([&] { return fallocate(number(), 0, 0, static_cast<off_t>(size)); });
    if (failed == 0) return {};
    const int number_of_error = errno;
    Result<void> result = number_of_error == EOPNOTSUPP || number_of_error == ENOSYS
                              ? write_zeros(before, size)
                              : error_of(number_of_error, "allocate", path_);
    // A half reserved file would only keep the space from whoever frees some.
    if (!result.ok() && before < size) static_cast<void>(truncate(before));
    return result;
  }

  Result<void> truncate(std::uint64_t size) override {
    if (retried([&] { return ftruncate(number(), static_cast<off_t>(size)); }) < 0)
      return error_of(errno, "truncate", path_);
    return {};
  }

 private:
  int number() const { return descriptor_.number(); }

  Result<void> write_zeros(std::uint64_t from, std::uint64_t to) {
    static constexpr std::size_t chunk_size = 256 * 1024;
    static constexpr std::byte zeros[chunk_size] = {};
    while (from < to) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_size, to - from));
      TRY(write_at(from, Bytes(zeros, part)));
      from += part;
    }
    return {};
  }

  Descriptor descriptor_;
  std::string path_;
};

// flock(2) belongs to the open file, not to the process: so a second holder in this process is
// refused as another process is.
class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::read_write:
      return O_RDWR;
    case OpenMode::create:
      return O_RDWR | O_CREAT;
    case OpenMode::create_exclusive:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

class PosixFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    TRY_ASSIGN(Descriptor descriptor, open_descriptor(path, flags_of(mode)));
    return std::make_unique<PosixFile>(std::move(descriptor), path);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) return error_of(errno, "rename", from);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (unlink(path.c_str()) == 0) return {};
    if (errno == EISDIR && rmdir(path.c_str()) == 0) return {};
    // A folder that is not empty has no code of its own: nobody acts on it.
    return error_of(errno == EEXIST ? ENOTEMPTY : errno, "remove", path);
  }

  Result<void> make_folders(const std::string& path) override {
    for (std::size_t end = 0; end < path.size();) {
      end = std::min(path.find('/', end + 1), path.size());
      const std::string folder = path.substr(0, end);
      const bool made = mkdir(folder.c_str(), 0700) == 0;
      if (!made && errno != EEXIST) return error_of(errno, "make folder", folder);
      // The last one is synced even where it exists: whoever made it may have died before.
      if (made || end == path.size()) TRY(sync_folder(folder_of(folder)));
    }
    struct stat status{};
    if (stat(path.c_str(), &status) < 0) return error_of(errno, "make folder", path);
    if (!S_ISDIR(status.st_mode)) return error_of(ENOTDIR, "make folder", path);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* folder = opendir(path.c_str());
    if (folder == nullptr) return error_of(errno, "list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(folder)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int failure = errno;
    closedir(folder);
    if (failure != 0) return error_of(failure, "list", path);
    std::ranges::sort(names);
    return names;
  }

  Result<bool> exists(const std::string& path) override {
    struct stat status{};
    if (stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return error_of(errno, "stat", path);
  }

  Result<void> sync_folder(const std::string& path) override {
    TRY_ASSIGN(const Descriptor descriptor, open_descriptor(path, O_RDONLY | O_DIRECTORY));
    if (fsync(descriptor.number()) < 0) return error_of(errno, "sync folder", path);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    struct stat status{};
    const bool is_folder = stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    TRY_ASSIGN(Descriptor descriptor,
               open_descriptor(path, is_folder ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT));
    if (retried([&] { return flock(descriptor.number(), LOCK_EX | LOCK_NB); }) < 0) {
      if (errno == EWOULDBLOCK) return Error(Code::busy, path + " is in use by another process");
      return error_of(errno, "lock", path);
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
  }
};

}  // namespace

FileSystem& posix_files() {
  static PosixFiles files;
  return files;
}

Result<void> append_once(const std::string& path, Bytes bytes) {
  const int number = retried([&] {
    return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0640);
  });
  if (number < 0) return error_of(errno, "open", path);
  const Descriptor descriptor(number);
  // Interrupted means: nothing was written. A part is written only where the disk is full.
  const ssize_t put = retried([&] { return write(number, bytes.data(), bytes.size()); });
  if (put < 0) return error_of(errno, "append", path);
  if (static_cast<std::size_t>(put) < bytes.size()) return error_of(ENOSPC, "append", path);
  return {};
}

}  // namespace matsuri::io
