// SQLite's file system interface on ours; see sim_vfs.h. The interface is SQLite's "os" layer
// (sqlite.org/c3ref/vfs.html, /c3ref/io_methods.html); what to sync when is taken from its unix
// VFS.
#include "sql/testing/sim_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace matsuri::sql {

namespace {

constexpr int shm_lock_count = SQLITE_SHM_NLOCK;

struct Handle;

// What the connections to one file share.
struct Shared {
  std::mutex mutex;
  std::map<const Handle*, int> levels;           // SQLITE_LOCK_… of those that have one
  std::vector<std::unique_ptr<char[]>> regions;  // the log's index
  int region_user_count = 0;
  std::array<const Handle*, shm_lock_count> exclusive{};
  std::array<std::map<const Handle*, bool>, shm_lock_count> sharing;

  int highest_of_others(const Handle* self) const {
    int highest = SQLITE_LOCK_NONE;
    for (const auto& [handle, level] : levels) {
      if (handle != self) highest = std::max(highest, level);
    }
    return highest;
  }
};

struct Handle {
  SimVfs::Impl* vfs = nullptr;
  std::string path;  // empty: a temporary file, in memory
  std::string memory;
  std::unique_ptr<io::File> file;
  std::shared_ptr<Shared> shared;
  bool folder_sync_due = false;
  bool delete_on_close = false;
  bool uses_regions = false;
};

// SQLite allocates it.
struct SimFile {
  sqlite3_file base;
  Handle* handle;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<SimFile*>(file)->handle; }

}  // namespace

struct SimVfs::Impl {
  io::FileSystem& files;
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* system = nullptr;
  std::atomic<bool> swallows_syncs = false;
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Shared>> shared;

  Impl(io::FileSystem& on, std::string called) : files(on), name(std::move(called)) {}

  std::shared_ptr<Shared> shared_of(const std::string& path) {
    const std::lock_guard lock(mutex);
    std::shared_ptr<Shared> found = shared[path].lock();
    if (found == nullptr) {
      found = std::make_shared<Shared>();
      shared[path] = found;
    }
    return found;
  }
};

namespace {

SimVfs::Impl& impl_of(sqlite3_vfs* vfs) { return *static_cast<SimVfs::Impl*>(vfs->pAppData); }

MutableBytes buffer_of(void* data, int size) {
  return {static_cast<std::byte*>(data), static_cast<std::size_t>(size)};
}

int close_file(sqlite3_file* file) {
  Handle* handle = &handle_of(file);
  if (handle->shared != nullptr) {
    const std::lock_guard lock(handle->shared->mutex);
    handle->shared->levels.erase(handle);
  }
  handle->file.reset();
  if (handle->delete_on_close && !handle->path.empty()) {
    (void)handle->vfs->files.remove(handle->path);
  }
  delete handle;
  file->pMethods = nullptr;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  const MutableBytes buffer = buffer_of(data, size);
  const auto from = static_cast<std::uint64_t>(offset);
  std::size_t got = 0;
  if (handle.file != nullptr) {
    const Result<std::size_t> read = handle.file->read_at(from, buffer);
    if (!read.ok()) return SQLITE_IOERR_READ;
    got = *read;
  } else if (from < handle.memory.size()) {
    got = std::min<std::size_t>(buffer.size(), handle.memory.size() - from);
    std::memcpy(data, handle.memory.data() + from, got);
  }
  if (got == buffer.size()) return SQLITE_OK;
  std::memset(buffer.data() + got, 0, buffer.size() - got);  // SQLite relies on it.
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  const auto from = static_cast<std::uint64_t>(offset);
  const Bytes bytes(static_cast<const std::byte*>(data), static_cast<std::size_t>(size));
  if (handle.file == nullptr) {
    handle.memory.resize(std::max<std::size_t>(handle.memory.size(), from + bytes.size()));
    std::memcpy(handle.memory.data() + from, data, bytes.size());
    return SQLITE_OK;
  }
  const Result<void> written = handle.file->write_at(from, bytes);
  if (written.ok()) return SQLITE_OK;
  return written.error().code() == Code::exhausted ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = handle_of(file);
  if (handle.file == nullptr) {
    handle.memory.resize(static_cast<std::size_t>(size));
    return SQLITE_OK;
  }
  return handle.file->truncate(static_cast<std::uint64_t>(size)).ok() ? SQLITE_OK
                                                                      : SQLITE_IOERR_TRUNCATE;
}

int sync_file(sqlite3_file* file, int /*flags*/) {
  Handle& handle = handle_of(file);
  if (handle.file == nullptr || handle.vfs->swallows_syncs) return SQLITE_OK;
  if (!handle.file->sync_data().ok()) return SQLITE_IOERR_FSYNC;
  if (handle.folder_sync_due) {
    if (!handle.vfs->files.sync_folder(io::folder_of(handle.path)).ok()) {
      return SQLITE_IOERR_DIR_FSYNC;
    }
    handle.folder_sync_due = false;
  }
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  Handle& handle = handle_of(file);
  if (handle.file == nullptr) {
    *size = static_cast<sqlite3_int64>(handle.memory.size());
    return SQLITE_OK;
  }
  const Result<std::uint64_t> found = handle.file->size();
  if (!found.ok()) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*found);
  return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int wanted) {
  Handle& handle = handle_of(file);
  if (handle.shared == nullptr) return SQLITE_OK;
  const std::lock_guard lock(handle.shared->mutex);
  int& level = handle.shared->levels[&handle];
  if (level >= wanted) return SQLITE_OK;
  const int others = handle.shared->highest_of_others(&handle);
  if (wanted == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
  if (wanted >= SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
  if (wanted == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
    level = SQLITE_LOCK_PENDING;  // Keeps new readers out until the old ones have gone.
    return SQLITE_BUSY;
  }
  level = wanted;
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* file, int wanted) {
  Handle& handle = handle_of(file);
  if (handle.shared == nullptr) return SQLITE_OK;
  const std::lock_guard lock(handle.shared->mutex);
  int& level = handle.shared->levels[&handle];
  level = std::min(level, wanted);
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* reserved) {
  Handle& handle = handle_of(file);
  *reserved = 0;
  if (handle.shared == nullptr) return SQLITE_OK;
  const std::lock_guard lock(handle.shared->mutex);
  *reserved = handle.shared->highest_of_others(&handle) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4'096; }
// As the unix VFS: a torn write leaves the neighbouring bytes alone, which SimDisk grants.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_region(sqlite3_file* file, int index, int size, int extend, void volatile** region) {
  Handle& handle = handle_of(file);
  Shared& shared = *handle.shared;
  const std::lock_guard lock(shared.mutex);
  if (!handle.uses_regions) {
    handle.uses_regions = true;
    ++shared.region_user_count;
  }
  *region = nullptr;
  const auto wanted = static_cast<std::size_t>(index);
  if (wanted >= shared.regions.size() && extend == 0) return SQLITE_OK;
  while (shared.regions.size() <= wanted) {
    shared.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  *region = shared.regions[wanted].get();
  return SQLITE_OK;
}

int lock_region(sqlite3_file* file, int first, int count, int flags) {
  Handle& handle = handle_of(file);
  Shared& shared = *handle.shared;
  const std::lock_guard lock(shared.mutex);
  const auto begin = static_cast<std::size_t>(first);
  const auto end = begin + static_cast<std::size_t>(count);
  const bool takes_all = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (std::size_t i = begin; i < end; ++i) {
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      if (takes_all) shared.exclusive[i] = nullptr;
      if (!takes_all) shared.sharing[i].erase(&handle);
      continue;
    }
    if (shared.exclusive[i] != nullptr && shared.exclusive[i] != &handle) return SQLITE_BUSY;
    const auto& sharing = shared.sharing[i];
    const bool others = sharing.size() > (sharing.contains(&handle) ? 1u : 0u);
    if (takes_all && others) return SQLITE_BUSY;
  }
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return SQLITE_OK;
  for (std::size_t i = begin; i < end; ++i) {
    if (takes_all) shared.exclusive[i] = &handle;
    if (!takes_all) shared.sharing[i][&handle] = true;
  }
  return SQLITE_OK;
}

void barrier(sqlite3_file* file) { const std::lock_guard lock(handle_of(file).shared->mutex); }

int unmap_regions(sqlite3_file* file, int /*remove*/) {
  Handle& handle = handle_of(file);
  if (!handle.uses_regions) return SQLITE_OK;
  Shared& shared = *handle.shared;
  const std::lock_guard lock(shared.mutex);
  handle.uses_regions = false;
  for (int i = 0; i < shm_lock_count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (shared.exclusive[at] == &handle) shared.exclusive[at] = nullptr;
    shared.sharing[at].erase(&handle);
  }
  if (--shared.region_user_count == 0) shared.regions.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_region,
    .xShmLock = lock_region,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap_regions,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  SimVfs::Impl& impl = impl_of(vfs);
  auto handle = std::make_unique<Handle>();
  handle->vfs = &impl;
  handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  file->pMethods = nullptr;
  if (path != nullptr) {
    handle->path = path;
    handle->shared = impl.shared_of(handle->path);
    Result<std::unique_ptr<io::File>> opened = impl.files.open(
        handle->path,
        (flags & SQLITE_OPEN_READONLY) != 0 ? io::OpenMode::read : io::OpenMode::read_write);
    if (!opened.ok() && opened.error().code() == Code::not_found &&
        (flags & SQLITE_OPEN_CREATE) != 0) {
      opened = impl.files.open(handle->path, io::OpenMode::create);
    }
    if (!opened.ok()) return SQLITE_CANTOPEN;
    // As the unix VFS: by every connection that might have made the file, not by the one that did,
    // as another one may be the first to sync it.
    constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    handle->folder_sync_due = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0;
    handle->file = std::move(opened).value();
  }
  reinterpret_cast<SimFile*>(file)->handle = handle.release();
  file->pMethods = &methods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  SimVfs::Impl& impl = impl_of(vfs);
  const Result<void> removed = impl.files.remove(path);
  if (!removed.ok()) {
    return removed.error().code() == Code::not_found ? SQLITE_IOERR_DELETE_NOENT
                                                     : SQLITE_IOERR_DELETE;
  }
  if (sync_folder == 0 || impl.swallows_syncs) return SQLITE_OK;
  return impl.files.sync_folder(io::folder_of(path)).ok() ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

// As the unix VFS: an empty file does not exist.
int access_file(sqlite3_vfs* vfs, const char* path, int /*flags*/, int* exists) {
  SimVfs::Impl& impl = impl_of(vfs);
  *exists = 0;
  const Result<bool> there = impl.files.exists(path);
  if (!there.ok()) return SQLITE_IOERR_ACCESS;
  if (!*there) return SQLITE_OK;
  const auto file = impl.files.open(path, io::OpenMode::read);
  if (!file.ok()) return SQLITE_IOERR_ACCESS;
  const Result<std::uint64_t> size = (*file)->size();
  if (!size.ok()) return SQLITE_IOERR_ACCESS;
  *exists = *size > 0 ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* path, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", path);
  return SQLITE_OK;
}

}  // namespace

SimVfs::SimVfs(io::FileSystem& files, const std::string& name)
    : impl_(std::make_unique<Impl>(files, name)) {
  impl_->system = sqlite3_vfs_find(nullptr);
  sqlite3_vfs& vfs = impl_->vfs;
  vfs = *impl_->system;  // Time, sleep and randomness are the system's.
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(SimFile);
  vfs.pNext = nullptr;
  vfs.zName = impl_->name.c_str();
  vfs.pAppData = impl_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  MATSURI_ASSERT(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

SimVfs::~SimVfs() { sqlite3_vfs_unregister(&impl_->vfs); }

void SimVfs::swallow_syncs() { impl_->swallows_syncs = true; }

}  // namespace matsuri::sql
