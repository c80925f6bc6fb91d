#include "io/sim_disk.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "io/internal/sparse_content.h"

namespace matsuri::io {
namespace {

struct Node;
using NodePtr = std::shared_ptr<Node>;

// A file or a folder.
struct Node {
  bool is_folder = false;
  internal::SparseContent content;         // of a file
  std::size_t open_count = 0;              // of a file
  std::map<std::string, NodePtr> names;    // of a folder, as the machine sees it
  std::map<std::string, NodePtr> durable;  // of a folder, as the platter has it
};

// One name of one folder becomes this node; nullptr: the name goes away.
struct NameChange {
  NodePtr folder;
  std::string name;
  NodePtr node;
};

// Survives as a whole or not at all, but for the parts whose folder was synced.
using NameOperation = std::vector<NameChange>;

// Where a path leads: `folder` is null where a folder above is missing, `node` where the name is.
struct Spot {
  NodePtr folder;
  std::string name;
  NodePtr node;
};

void set_name(std::map<std::string, NodePtr>& names, const NameChange& change) {
  if (change.node)
    names[change.name] = change.node;
  else
    names.erase(change.name);
}

Error missing(const std::string& path) {
  return {Code::not_found, "simulated disk: no such file or folder: " + path};
}

Error failed(const std::string& path, const char* why) {
  return {Code::io, "simulated disk: " + path + ": " + why};
}

}  // namespace

struct SimDisk::State {
  State() { root->is_folder = true; }

  // Counts a changing operation, cuts the power where it is due, and asks the hook.
  Result<void> begin(DiskOperation kind, const std::string& path);
  // REQUIRES of this and all below: the mutex is held.
  Result<void> powered(const std::string& path) const {
    if (is_cut) return failed(path, "the power is off");
    return {};
  }
  Spot find(const std::string& path) const;
  void change_names(NameOperation operation) {
    for (const NameChange& change : operation) set_name(change.folder->names, change);
    pending.push_back(std::move(operation));
  }
  std::uint64_t used() const;
  std::uint64_t free_bytes() const {
    if (capacity == ~std::uint64_t{0}) return capacity;
    const std::uint64_t taken = used();
    return taken >= capacity ? 0 : capacity - taken;
  }

  mutable std::mutex mutex;
  NodePtr root = std::make_shared<Node>();
  std::vector<NameOperation> pending;  // not yet durable, oldest first
  std::map<Node*, NodePtr> open_nodes;
  std::map<std::string, std::uint64_t> locks;  // by path without "." and "//": which holder
  std::uint64_t lock_count = 0;
  std::uint64_t operation_count = 0;
  std::uint64_t cut_at = ~std::uint64_t{0};
  bool is_cut = false;
  std::uint64_t capacity = ~std::uint64_t{0};
  std::shared_mutex hook_mutex;  // not held with the other
  std::function<Result<void>(DiskOperation, const std::string&)> hook;
};

namespace {

std::vector<std::string> parts_of_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string part = path.substr(start, end - start);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    start = end + 1;
  }
  return parts;
}

std::string plain_path(const std::string& path) {
  std::string plain;
  for (const std::string& part : parts_of_path(path)) plain += '/' + part;
  return plain;
}

void add_sizes(const NodePtr& node, std::set<const Node*>& seen, std::uint64_t& sum) {
  if (!seen.insert(node.get()).second) return;
  sum += node->content.size();
  for (const auto& [name, child] : node->names) add_sizes(child, seen, sum);
}

// Goes in the order of the names, so that the same randomness gives the same disk.
void come_back(const NodePtr& node, Survival survival, Random& random,
               std::set<const Node*>& seen) {
  if (!seen.insert(node.get()).second) return;
  node->names = node->durable;
  if (survival == Survival::all)
    node->content.sync();
  else if (survival == Survival::none)
    node->content.forget();
  else
    node->content.survive_at_random(random);
  for (const auto& [name, child] : node->names) come_back(child, survival, random, seen);
}

}  // namespace

Result<void> SimDisk::State::begin(DiskOperation kind, const std::string& path) {
  {
    const std::lock_guard lock(mutex);
    if (operation_count >= cut_at) is_cut = true;
    TRY(powered(path));
    ++operation_count;
  }
  const std::shared_lock lock(hook_mutex);
  if (hook) TRY(hook(kind, path));
  return {};
}

Spot SimDisk::State::find(const std::string& path) const {
  const std::vector<std::string> parts = parts_of_path(path);
  if (parts.empty()) return {.folder = nullptr, .name = "", .node = root};
  NodePtr folder = root;
  for (std::size_t index = 0; index + 1 < parts.size(); ++index) {
    const auto next = folder->names.find(parts[index]);
    if (next == folder->names.end() || !next->second->is_folder) return {};
    folder = next->second;
  }
  const auto found = folder->names.find(parts.back());
  return {.folder = folder,
          .name = parts.back(),
          .node = found == folder->names.end() ? nullptr : found->second};
}

std::uint64_t SimDisk::State::used() const {
  std::set<const Node*> seen;
  std::uint64_t sum = 0;
  add_sizes(root, seen, sum);
  for (const auto& [node, owner] : open_nodes) add_sizes(owner, seen, sum);
  return sum;
}

namespace {

// A template only because SimDisk::State is private and can't be named here.
template <class State>
class SimFile final : public File {
 public:
  SimFile(std::shared_ptr<State> state, NodePtr node, std::string path, bool writable)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(writable) {
    // The mutex is held by open().
    if (node_->open_count++ == 0) state_->open_nodes[node_.get()] = node_;
  }
  ~SimFile() override {
    const std::lock_guard lock(state_->mutex);
    if (--node_->open_count == 0) state_->open_nodes.erase(node_.get());
  }
  SimFile(const SimFile&) = delete;
  SimFile& operator=(const SimFile&) = delete;

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    const std::lock_guard lock(state_->mutex);
    TRY(state_->powered(path_));
    return node_->content.read_at(offset, buffer);
  }

  Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
    TRY(begin_change(DiskOperation::write));
    const std::lock_guard lock(state_->mutex);
    TRY(state_->powered(path_));
    const std::uint64_t size = node_->content.size();
    const std::uint64_t end = offset + bytes.size();
    if (end > size && end - size > state_->free_bytes()) {
      const std::uint64_t limit = size + state_->free_bytes();
      if (offset < limit)
        node_->content.write_at(offset, bytes.first(static_cast<std::size_t>(limit - offset)));
      return full();
    }
    node_->content.write_at(offset, bytes);
    return {};
  }

  Result<void> sync_data() override {
    const Result<void> begun = state_->begin(DiskOperation::sync_data, path_);
    const std::lock_guard lock(state_->mutex);
    TRY(state_->powered(path_));
    if (begun.ok())
      node_->content.sync();
    else
      node_->content.lose();
    return begun;
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(state_->mutex);
    TRY(state_->powered(path_));
    return node_->content.size();
  }

  Result<void> allocate(std::uint64_t size) override {
    TRY(begin_change(DiskOperation::allocate));
    return resize(size, false);
  }

  Result<void> truncate(std::uint64_t size) override {
    TRY(begin_change(DiskOperation::truncate));
    return resize(size, true);
  }

 private:
  Result<void> begin_change(DiskOperation kind) {
    if (!writable_) return failed(path_, "the file is open for reading");
    return state_->begin(kind, path_);
  }

  Result<void> resize(std::uint64_t size, bool may_shrink) {
    const std::lock_guard lock(state_->mutex);
    TRY(state_->powered(path_));
    const std::uint64_t before = node_->content.size();
    if (size < before && !may_shrink) return {};
    if (size > before && size - before > state_->free_bytes()) return full();
    node_->content.resize(size);
    return {};
  }

  Error full() const { return {Code::exhausted, "simulated disk: " + path_ + ": no space left"}; }

  std::shared_ptr<State> state_;
  NodePtr node_;
  std::string path_;
  bool writable_;
};

template <class State>
class SimLock final : public FileLock {
 public:
  SimLock(std::shared_ptr<State> state, std::string path, std::uint64_t holder)
      : state_(std::move(state)), path_(std::move(path)), holder_(holder) {}
  ~SimLock() override {
    const std::lock_guard lock(state_->mutex);
    // After a power cut somebody else may hold it.
    const auto found = state_->locks.find(path_);
    if (found != state_->locks.end() && found->second == holder_) state_->locks.erase(found);
  }
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;

 private:
  std::shared_ptr<State> state_;
  std::string path_;
  std::uint64_t holder_;
};

}  // namespace

SimDisk::SimDisk() : state_(std::make_shared<State>()) {}
SimDisk::~SimDisk() = default;

Result<std::unique_ptr<File>> SimDisk::open(const std::string& path, OpenMode mode) {
  const bool creates = mode == OpenMode::create || mode == OpenMode::create_exclusive;
  bool begun = false;
  while (true) {
    {
      const std::lock_guard lock(state_->mutex);
      TRY(state_->powered(path));
      Spot spot = state_->find(path);
      if (spot.node && mode == OpenMode::create_exclusive)
        return Error(Code::conflict, "simulated disk: " + path + " exists");
      if (!spot.node && (!spot.folder || !creates)) return missing(path);
      if (!spot.node && begun) {
        spot.node = std::make_shared<Node>();
        state_->change_names({{spot.folder, spot.name, spot.node}});
      }
      if (spot.node) {
        if (spot.node->is_folder) return failed(path, "it is a folder");
        return std::make_unique<SimFile<State>>(state_, spot.node, path, mode != OpenMode::read);
      }
    }
    TRY(state_->begin(DiskOperation::create, path));
    begun = true;
  }
}

Result<void> SimDisk::rename(const std::string& from, const std::string& to) {
  TRY(state_->begin(DiskOperation::rename, from));
  const std::lock_guard lock(state_->mutex);
  TRY(state_->powered(from));
  const Spot source = state_->find(from);
  const Spot target = state_->find(to);
  if (!source.node || !source.folder) return missing(from);
  if (!target.folder) return missing(to);
  if (source.node == target.node) return {};
  if ((plain_path(to) + '/').starts_with(plain_path(from) + '/'))
    return failed(from, "a folder can't move into itself");
  if (target.node && target.node->is_folder != source.node->is_folder)
    return failed(to, "a file and a folder can't replace each other");
  if (target.node && !target.node->names.empty()) return failed(to, "the folder is not empty");
  state_->change_names(
      {{target.folder, target.name, source.node}, {source.folder, source.name, nullptr}});
  return {};
}

Result<void> SimDisk::remove(const std::string& path) {
  TRY(state_->begin(DiskOperation::remove, path));
  const std::lock_guard lock(state_->mutex);
  TRY(state_->powered(path));
  const Spot spot = state_->find(path);
  if (!spot.node || !spot.folder) return missing(path);
  if (!spot.node->names.empty()) return failed(path, "the folder is not empty");
  state_->change_names({{spot.folder, spot.name, nullptr}});
  return {};
}

Result<void> SimDisk::make_folders(const std::string& path) {
  std::string folder;
  for (const std::string& part : parts_of_path(path)) {
    const std::string above = folder.empty() ? "/" : folder;
    folder += '/' + part;
    bool is_there = false;
    {
      const std::lock_guard lock(state_->mutex);
      TRY(state_->powered(folder));
      const Spot spot = state_->find(folder);
      is_there = spot.node != nullptr;
      if (is_there && !spot.node->is_folder) return failed(folder, "it is a file");
    }
    if (!is_there) {
      TRY(state_->begin(DiskOperation::create, folder));
      const std::lock_guard lock(state_->mutex);
      TRY(state_->powered(folder));
      const Spot spot = state_->find(folder);
      if (!spot.folder) return missing(folder);
      if (!spot.node) {
        const auto made = std::make_shared<Node>();
        made->is_folder = true;
        state_->change_names({{spot.folder, spot.name, made}});
      }
    }
    // As posix_files() does: the last one is synced even where it exists.
    if (!is_there || folder == plain_path(path)) TRY(sync_folder(above));
  }
  return {};
}

Result<std::vector<std::string>> SimDisk::list(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TRY(state_->powered(path));
  const Spot spot = state_->find(path);
  if (!spot.node || !spot.node->is_folder) return missing(path);
  std::vector<std::string> names;
  for (const auto& [name, node] : spot.node->names) names.push_back(name);
  return names;
}

Result<bool> SimDisk::exists(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TRY(state_->powered(path));
  return state_->find(path).node != nullptr;
}

Result<void> SimDisk::sync_folder(const std::string& path) {
  TRY(state_->begin(DiskOperation::sync_folder, path));
  const std::lock_guard lock(state_->mutex);
  TRY(state_->powered(path));
  const NodePtr folder = state_->find(path).node;
  if (!folder || !folder->is_folder) return missing(path);
  for (NameOperation& operation : state_->pending)
    std::erase_if(operation, [&](const NameChange& change) {
      if (change.folder != folder) return false;
      set_name(folder->durable, change);
      return true;
    });
  std::erase_if(state_->pending, [](const NameOperation& operation) { return operation.empty(); });
  return {};
}

Result<std::unique_ptr<FileLock>> SimDisk::lock(const std::string& path) {
  TRY_ASSIGN(const bool is_there, exists(path));
  if (!is_there) TRY(open(path, OpenMode::create));
  const std::lock_guard guard(state_->mutex);
  TRY(state_->powered(path));
  const std::string plain = plain_path(path);
  if (state_->locks.contains(plain))
    return Error(Code::busy, "simulated disk: " + path + " is in use by another holder");
  const std::uint64_t holder = ++state_->lock_count;
  state_->locks[plain] = holder;
  return std::make_unique<SimLock<State>>(state_, plain, holder);
}

std::uint64_t SimDisk::operation_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->operation_count;
}

void SimDisk::cut_before(std::uint64_t index) {
  const std::lock_guard lock(state_->mutex);
  state_->cut_at = index;
}

void SimDisk::cut_now() {
  const std::lock_guard lock(state_->mutex);
  state_->is_cut = true;
}

bool SimDisk::is_cut() const {
  const std::lock_guard lock(state_->mutex);
  return state_->is_cut;
}

void SimDisk::power_on(Survival survival, Random& random) {
  const std::lock_guard lock(state_->mutex);
  MATSURI_ASSERT(state_->open_nodes.empty(), "a machine that was off has no open files");
  for (const NameOperation& operation : state_->pending) {
    const bool survives =
        survival == Survival::all || (survival == Survival::random && (random.next_u64() & 1) != 0);
    if (!survives) continue;
    for (const NameChange& change : operation) set_name(change.folder->durable, change);
  }
  state_->pending.clear();
  std::set<const Node*> seen;
  come_back(state_->root, survival, random, seen);
  state_->locks.clear();
  state_->cut_at = ~std::uint64_t{0};
  state_->is_cut = false;
}

void SimDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity = bytes;
}

void SimDisk::on_operation(
    std::function<Result<void>(DiskOperation, const std::string& path)> hook) {
  const std::unique_lock lock(state_->hook_mutex);
  state_->hook = std::move(hook);
}

}  // namespace matsuri::io
