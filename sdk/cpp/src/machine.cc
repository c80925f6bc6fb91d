// The clock, the chance and the file of this machine.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>

#include "matsuri/transport.h"

namespace matsuri {
namespace {

class DeviceClock final : public Clock {
 public:
  std::int64_t monotonic_ms() override { return ms(std::chrono::steady_clock::now()); }
  std::int64_t unix_ms() override { return ms(std::chrono::system_clock::now()); }

 private:
  template <typename Point>
  static std::int64_t ms(Point point) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(point.time_since_epoch()).count();
  }
};

Error failed(const std::string& path) {
  return Error{Code::io, path + ": " + std::strerror(errno), 0, 0};
}

bool write_all(int file, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(file, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Two files: the queue itself, which replace() exchanges, and one beside it that is locked.
class FileStorage final : public Storage {
 public:
  FileStorage(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  FileStorage(const FileStorage&) = delete;
  FileStorage& operator=(const FileStorage&) = delete;
  ~FileStorage() override {
    if (file_ >= 0) ::close(file_);
    ::close(lock_);
  }

  Result<std::string> load() override {
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? Result<std::string>(std::string()) : failed(path_);
    std::string all;
    char part[65536];
    ssize_t got = 0;
    while ((got = ::read(file, part, sizeof part)) != 0) {
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) break;
      all.append(part, static_cast<std::size_t>(got));
    }
    ::close(file);
    if (got < 0) return failed(path_);
    return all;
  }

  Result<Done> append(std::string_view data) override {
    if (file_ < 0) return Error{Code::io, path_ + ": is not open", 0, 0};
    if (write_all(file_, data)) {
      size_ += static_cast<off_t>(data.size());
      return Done{};
    }
    const Error error = failed(path_);
    // Half a line would spoil the next one.
    if (::ftruncate(file_, size_) != 0) {
      ::close(file_);
      file_ = -1;
    }
    return error;
  }

  Result<Done> replace(std::string_view data) override {
    const std::string fresh = path_ + ".new";
    const int file =
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return failed(fresh);
    if (!write_all(file, data) || std::rename(fresh.c_str(), path_.c_str()) != 0) {
      const Error error = failed(fresh);
      ::close(file);
      return error;
    }
    if (file_ >= 0) ::close(file_);
    file_ = file;
    size_ = static_cast<off_t>(data.size());
    return Done{};
  }

  void set_aside(std::string_view data) override {
    const std::string path = path_ + ".damaged";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return;
    (void)write_all(file, data);
    ::close(file);
  }

 private:
  std::string path_;
  int lock_ = -1;
  int file_ = -1;
  off_t size_ = 0;
};

}  // namespace

std::unique_ptr<Clock> make_clock() { return std::make_unique<DeviceClock>(); }

Random make_random() {
  return [device = std::make_shared<std::random_device>()] {
    return std::uint64_t{(*device)()} << 32 | (*device)();
  };
}

Result<std::unique_ptr<Storage>> open_file_storage(const std::string& path) {
  const std::string lock_path = path + ".lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return failed(lock_path);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return Error{Code::conflict, path + ": another client has it", 0, 0};
  }
  return std::unique_ptr<Storage>(new FileStorage(path, lock));
}

}  // namespace matsuri
