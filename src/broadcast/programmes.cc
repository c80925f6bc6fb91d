// One thread does all that has to do with processes; whoever asks meanwhile finds what it left
// under the mutex.
#include "broadcast/programmes.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <toml++/toml.h>

#include "base/log.h"
#include "base/sentence.h"
#include "base/time.h"
#include "broadcast/child.h"
#include "io/random.h"
#include "program/find.h"

namespace matsuri::broadcast {
namespace {

constexpr std::size_t closure_size_max = std::size_t{1} << 30;
constexpr std::size_t settings_size_max = 4096;
constexpr auto look_every = std::chrono::milliseconds(1000);
constexpr auto look_soon = std::chrono::milliseconds(50);  // while one starts
constexpr std::int64_t start_again_ms_min = 500;
constexpr std::int64_t start_again_ms_max = 30'000;
constexpr std::int64_t stop_patience_ms = 8000;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Where things of one programme lie.
struct Folder {
  std::string path;

  std::string closure() const { return path + "/show.checkin"; }
  std::string settings() const { return path + "/broadcast.toml"; }
  std::string node() const { return path + "/node"; }
  std::string data() const { return path + "/data"; }
};

// Says that a file is another one than before.
std::string stamp_of(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return "";
  return sentence(status.st_ino, ' ', status.st_size, ' ', status.st_mtim.tv_sec, ' ',
                  status.st_mtim.tv_nsec);
}

Result<program::About> about_of(io::FileSystem& files, const std::string& path) {
  TRY_ASSIGN(const std::string content, io::read_file(files, path, closure_size_max));
  TRY_ASSIGN(const program::Lines data, program::find_show(as_bytes(content)));
  TRY_ASSIGN(const program::Show show, program::Show::open(program::bytes_of(data)));
  return show.about();
}

// As the closure's --settings has it.
std::string to_text(const closure::Broadcast& broadcast) {
  std::string text = sentence("start = \"", to_rfc3339(broadcast.start_unix_ms), "\"\n");
  for (std::size_t i = 0; i < closure::path_count; ++i)
    text += sentence("delay-", closure::path_names[i], " = ", broadcast.delay_ms[i], "\n");
  return text;
}

Result<closure::Broadcast> parse_broadcast(std::string_view text) {
  closure::Broadcast broadcast;
  try {
    const toml::table table = toml::parse(text);
    const auto start = parse_rfc3339(table["start"].value_or(std::string()));
    if (!start) return Error(Code::corrupt, "start is no time");
    broadcast.start_unix_ms = *start;
    for (std::size_t i = 0; i < closure::path_count; ++i)
      broadcast.delay_ms[i] =
          table["delay-" + std::string(closure::path_names[i])].value_or(std::int64_t{0});
  } catch (const toml::parse_error& error) {
    return Error(Code::corrupt, std::string(error.description()));
  }
  return broadcast;
}

Result<ticket::Keys> read_keys(io::FileSystem& files, const std::string& path) {
  TRY_ASSIGN(const bool is_there, files.exists(path));
  if (!is_there) {
    ticket::Secret secret;
    io::system_random().fill(secret);
    TRY(files.make_folders(io::folder_of(path)));
    TRY(io::replace_file(files, path, as_bytes(ticket::Keys::line_of(1, secret))));
  }
  TRY_ASSIGN(const std::string text, io::read_file(files, path, ticket::keys_text_size_max));
  return within(path, ticket::Keys::parse(text));
}

// Of its journal: no two programmes of a folder have the same.
Result<unsigned> node_of(io::FileSystem& files, const Folder& folder) {
  TRY_ASSIGN(const std::string text, io::read_file(files, folder.node(), 16));
  const auto node = parse_id(text);
  if (!node || *node < closure_node_first || *node >= closure_node_first + programme_count_max)
    return Error(Code::corrupt, folder.node() + " holds no node");
  return static_cast<unsigned>(*node);
}

// Somebody may take it before the closure does; then that one is started again, on another.
Result<std::uint16_t> free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool is_found =
      probe >= 0 && bind(probe, generic, size) == 0 && getsockname(probe, generic, &size) == 0;
  if (probe >= 0) ::close(probe);
  if (!is_found) return Error(Code::io, "no free port");
  return ntohs(address.sin_port);
}

Error no_programme() { return {Code::not_found, "there is no such programme"}; }

// One programme and its closure.
struct Entry {
  Folder folder;
  Programme programme;
  unsigned node = 0;
  std::shared_ptr<http::Upstream> upstream;  // null while the closure does not run

  // Of the thread of programmes alone.
  Child child;
  std::string stamp;
  std::int64_t start_at_ms = 0;
  std::int64_t patience_ms = start_again_ms_min;
  bool is_changed = false;  // its settings: the closure is to read them
};
using EntryPtr = std::shared_ptr<Entry>;

// Of when a programme is on, until it is durable.
struct Change {
  ProgrammeId programme;
  closure::Broadcast broadcast;
  Programmes::Changed done;
};

}  // namespace

class Programmes::Impl {
 public:
  explicit Impl(ProgrammesOptions given, ticket::Keys keys)
      : options(std::move(given)), keys(std::move(keys)) {}
  ~Impl() { stop(); }

  // Takes in what is new in the folder, and what was put in the place of something else.
  void look() {
    const Result<std::vector<std::string>> names = files.list(options.folder);
    if (!names.ok()) return complain("the folder can't be read", names.error());
    for (const std::string& name : *names) {
      const auto id = parse_id_as<ProgrammeId>(name);
      if (!id) continue;
      const std::string stamp = stamp_of(Folder{options.folder + '/' + name}.closure());
      const EntryPtr known = entry_of(*id);
      if (stamp.empty() || (known != nullptr && known->stamp == stamp)) continue;
      if (known != nullptr) {
        let_go(*known);
        known->child.end(stop_patience_ms);
      }
      if (const Result<void> taken = take(*id, stamp); !taken.ok())
        complain("a programme can't be served", taken.error());
    }
  }

  Result<void> take(ProgrammeId id, const std::string& stamp) {
    const Folder folder{options.folder + '/' + std::to_string(id.value)};
    auto entry = std::make_shared<Entry>();
    entry->folder = folder;
    entry->stamp = stamp;
    TRY_ASSIGN(entry->programme.about, within(folder.closure(), about_of(files, folder.closure())));
    if (entry->programme.id() != id)
      return Error(Code::invalid, folder.closure() + " is another programme's");
    TRY_ASSIGN(entry->node, node_of(files, folder));
    entry->programme.broadcast.start_unix_ms = entry->programme.about.start_unix_ms;
    TRY_ASSIGN(const bool has_settings, files.exists(folder.settings()));
    if (has_settings) {
      TRY_ASSIGN(const std::string text,
                 io::read_file(files, folder.settings(), settings_size_max));
      TRY_ASSIGN(entry->programme.broadcast, within(folder.settings(), parse_broadcast(text)));
    }
    const std::scoped_lock lock(mutex);
    entries[id] = std::move(entry);
    return {};
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!is_stopping) {
      lock.unlock();
      look();
      for (Change& change : take_changes()) change.done(make(change));
      bool is_waiting = false;
      for (const EntryPtr& entry : all()) is_waiting |= tend(entry);
      lock.lock();
      changed.wait_for(lock, is_waiting ? look_soon : look_every,
                       [this] { return is_stopping || !changes.empty(); });
    }
    lock.unlock();
    for (Change& change : take_changes())
      change.done(Error(Code::busy, "the server stops: try again when it is back"));
    for (const EntryPtr& entry : all()) {
      let_go(*entry);
      entry->child.signal(SIGTERM);
    }
    const std::int64_t due_ms = steady_ms() + stop_patience_ms;
    for (const EntryPtr& entry : all())
      entry->child.end(std::max<std::int64_t>(0, due_ms - steady_ms()));
  }

  // True while the closure is on its way to serving.
  bool tend(const EntryPtr& entry) {
    if (const auto ended = entry->child.ended()) {
      log::error("broadcast", "a closure ended, and is started again",
                 {{"programme", entry->programme.about.programme}, {"how", *ended}});
      let_go(*entry);
      entry->start_at_ms = steady_ms() + entry->patience_ms;
      entry->patience_ms = std::min(2 * entry->patience_ms, start_again_ms_max);
    }
    if (!entry->child.is_running()) {
      if (steady_ms() < entry->start_at_ms) return false;
      if (const Result<void> started = start(*entry); !started.ok()) {
        complain("a closure can't be started", started.error());
        entry->start_at_ms = steady_ms() + entry->patience_ms;
        return false;
      }
    }
    if (std::exchange(entry->is_changed, false)) entry->child.signal(SIGHUP);
    probe(entry);
    const std::scoped_lock lock(mutex);
    if (entry->programme.is_serving) entry->patience_ms = start_again_ms_min;
    return !entry->programme.is_serving;
  }

  Result<void> start(Entry& entry) {
    closure::Broadcast broadcast;
    {
      const std::scoped_lock lock(mutex);
      broadcast = entry.programme.broadcast;
    }
    entry.is_changed = false;
    TRY(files.make_folders(entry.folder.data()));
    TRY(write_settings(entry.folder, broadcast));
    TRY_ASSIGN(const std::uint16_t port, free_port());
    TRY(entry.child.start({entry.folder.closure(), "serve", "--data", entry.folder.data(),
                           "--listen", sentence("127.0.0.1:", port), "--keys", options.keys,
                           "--settings", entry.folder.settings(), "--region",
                           std::to_string(static_cast<unsigned>(options.region)), "--node",
                           std::to_string(entry.node)}));
    auto upstream = std::make_shared<http::Upstream>(http::UpstreamOptions{.port = port});
    const std::scoped_lock lock(mutex);
    entry.upstream = std::move(upstream);
    return {};
  }

  void probe(const EntryPtr& entry) {
    std::shared_ptr<http::Upstream> upstream;
    {
      const std::scoped_lock lock(mutex);
      upstream = entry->upstream;
    }
    upstream->forward({.target = "/readyz"}, [this, entry](const http::Response& response) {
      const bool is_good = response.status == 200;
      {
        const std::scoped_lock lock(mutex);
        if (entry->programme.is_serving == is_good || entry->upstream == nullptr) return;
        entry->programme.is_serving = is_good;
      }
      log::info("broadcast", is_good ? "a programme is served" : "a closure takes nothing just now",
                {{"programme", entry->programme.about.programme},
                 {"title", entry->programme.about.title}});
    });
  }

  void let_go(Entry& entry) {
    std::shared_ptr<http::Upstream> gone;  // ends without the lock: it waits for its thread
    const std::scoped_lock lock(mutex);
    entry.programme.is_serving = false;
    gone = std::exchange(entry.upstream, nullptr);
  }

  std::vector<Change> take_changes() {
    const std::scoped_lock lock(mutex);
    return std::exchange(changes, {});
  }

  // On the thread of programmes: a request's does not wait for a disk.
  Result<Programme> make(const Change& change) {
    const EntryPtr entry = entry_of(change.programme);
    if (entry == nullptr) return no_programme();
    TRY(write_settings(entry->folder, change.broadcast));
    entry->is_changed = true;
    const std::scoped_lock lock(mutex);
    entry->programme.broadcast = change.broadcast;
    return entry->programme;
  }

  Result<void> write_settings(const Folder& folder, const closure::Broadcast& broadcast) {
    return io::replace_file(files, folder.settings(), as_bytes(to_text(broadcast)));
  }

  EntryPtr entry_of(ProgrammeId id) const {
    const std::scoped_lock lock(mutex);
    const auto found = entries.find(id);
    return found == entries.end() ? nullptr : found->second;
  }
  std::vector<EntryPtr> all() const {
    const std::scoped_lock lock(mutex);
    std::vector<EntryPtr> copied;
    for (const auto& [id, entry] : entries) copied.push_back(entry);
    return copied;
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex);
      is_stopping = true;
    }
    changed.notify_all();
    if (thread.joinable()) thread.join();
  }

  static void complain(const char* what, const Error& error) {
    log::error("broadcast", what, {{"error", error.to_string()}});
  }

  const ProgrammesOptions options;
  const ticket::Keys keys;
  io::FileSystem& files = io::posix_files();
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<ProgrammeId, EntryPtr> entries;
  bool is_stopping = false;
  std::vector<Change> changes;
  std::thread thread;
};

std::vector<std::string> data_folders(io::FileSystem& files, const std::string& folder) {
  std::vector<std::string> folders;
  const auto names = files.list(folder);
  if (!names.ok()) return folders;  // nobody has added a programme yet
  for (const std::string& name : *names)
    if (parse_id(name)) folders.push_back(Folder{folder + '/' + name}.data());
  return folders;
}

Result<program::About> add_programme(io::FileSystem& files, const std::string& folder,
                                     const std::string& closure) {
  TRY_ASSIGN(const std::string content,
             within(closure, io::read_file(files, closure, closure_size_max)));
  TRY_ASSIGN(const program::About about, within(closure, about_of(files, closure)));
  const Folder place{folder + '/' + std::to_string(about.programme)};
  TRY(files.make_folders(place.path));
  TRY_ASSIGN(const bool has_node, files.exists(place.node()));
  if (!has_node) {
    std::array<bool, programme_count_max> is_taken{};
    TRY_ASSIGN(const std::vector<std::string> names, files.list(folder));
    for (const std::string& name : names) {
      const Result<unsigned> node = node_of(files, Folder{folder + '/' + name});
      if (node.ok()) is_taken[*node - closure_node_first] = true;
    }
    const auto free = std::ranges::find(is_taken, false);
    if (free == is_taken.end())
      return Error(Code::exhausted, sentence("there are ", programme_count_max,
                                             " programmes: remove the folder of one that is over"));
    const auto node = closure_node_first + static_cast<unsigned>(free - is_taken.begin());
    TRY(io::replace_file(files, place.node(), as_bytes(std::to_string(node))));
  }
  // Made ready under another name, so that a server never starts half of one.
  const std::string ready = place.path + "/show.ready";
  TRY(io::replace_file(files, ready, as_bytes(content)));
  if (chmod(ready.c_str(), S_IRWXU) != 0)
    return Error(Code::io, ready + " can't be made a program");
  TRY(files.rename(ready, place.closure()));
  TRY(files.sync_folder(place.path));
  return about;
}

Programmes::Programmes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Programmes::~Programmes() = default;

Result<std::unique_ptr<Programmes>> Programmes::open(ProgrammesOptions options) {
  TRY(io::posix_files().make_folders(options.folder));
  TRY_ASSIGN(ticket::Keys keys, read_keys(io::posix_files(), options.keys));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(keys));
  impl->look();
  return std::unique_ptr<Programmes>(new Programmes(std::move(impl)));
}

void Programmes::start() {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void Programmes::stop() { impl_->stop(); }

std::vector<Programme> Programmes::list() const {
  std::vector<Programme> programmes;
  {
    const std::scoped_lock lock(impl_->mutex);
    for (const auto& [id, entry] : impl_->entries) programmes.push_back(entry->programme);
  }
  std::ranges::sort(programmes, {}, [](const Programme& one) {
    return std::pair(one.broadcast.start_unix_ms, one.about.programme);
  });
  return programmes;
}

Result<Programme> Programmes::find(ProgrammeId programme) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->entries.find(programme);
  if (found == impl_->entries.end()) return no_programme();
  return found->second->programme;
}

void Programmes::set_broadcast(ProgrammeId programme, const closure::Broadcast& broadcast,
                               Changed done) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->changes.push_back(
      {.programme = programme, .broadcast = broadcast, .done = std::move(done)});
  impl_->changed.notify_all();
}

const ticket::Keys& Programmes::keys() const { return impl_->keys; }

void Programmes::forward(ProgrammeId programme, http::Forwarded request,
                         http::Upstream::Done done) {
  std::shared_ptr<http::Upstream> upstream;
  {
    const std::scoped_lock lock(impl_->mutex);
    const auto found = impl_->entries.find(programme);
    if (found != impl_->entries.end()) upstream = found->second->upstream;
    if (found == impl_->entries.end()) return done(http::problem(no_programme()));
  }
  if (upstream == nullptr)
    return done(http::problem(Error(Code::busy, "the programme's closure starts: try again soon")));
  upstream->forward(std::move(request), std::move(done));
}

}  // namespace matsuri::broadcast
