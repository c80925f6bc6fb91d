#include "import/importer.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "import/import_ids.h"
#include "import/internal/authors.h"
#include "import/internal/post_queue.h"
#include "import/line_reader.h"
#include "model/event.h"
#include "sql/query_in.h"

namespace matsuri::imports {
namespace {

using internal::Person;
using internal::PostQueue;

constexpr std::int64_t drain_wait_ms = 200;

// Most lines are taken: what is kept of one is little more than its text.
struct Item {
  std::uint64_t number;
  Line line;
};

struct Refused {
  std::uint64_t number;
  Refusal refusal;
};

// Lines of one file that are looked up, and written, together.
struct Batch {
  std::size_t line_count = 0;
  std::vector<Item> items;
  std::vector<Refused> refused;

  void refuse(std::uint64_t number, RefusalCode code, std::string detail) {
    refused.push_back({number, {.code = code, .detail = std::move(detail)}});
  }
};

// What the applier knows a post by.
std::string key_of(const PostLine& post) { return post.source + ':' + post.id; }

// Neither sources nor ids hold a newline.
std::string key_of(const UserLine& user) { return user.source + '\n' + user.id; }

// One call of Importer::run().
class Run {
 public:
  Run(const ImporterParts& parts, const ImporterLimits& limits, Observer& observer)
      : parts_(parts),
        limits_(limits),
        observer_(observer),
        authors_(parts.main_db),
        ids_(parts.main_db, parts.timeline_db, parts.region),
        queue_(parts.journal, parts.stream, limits.unapplied_count_max),
        now_unix_ms_(parts.clock.unix_ms()) {}

  Result<Summary> run(const std::vector<std::string>& files);

 private:
  Result<std::vector<std::unique_ptr<io::File>>> open(const std::vector<std::string>& files);
  // Waits until every view has what the origins hold. False where the observer ended it.
  Result<bool> drain(Stage stage);
  Result<void> read(std::unique_ptr<io::File> file);
  void parse(const LineReader& reader, Batch& batch);
  Result<void> take(Batch& batch);
  Result<void> load_people(const Batch& batch);
  std::vector<const UserLine*> new_users(const Batch& batch);
  // By key_of(): an account, or none where its handles are taken.
  using Made = std::unordered_map<std::string, AccountId>;
  Result<Made> make_accounts(const std::vector<const UserLine*>& users);
  Result<void> make_some(const std::vector<account::ImportedAccount>& wanted, Made& made,
                         std::vector<account::ImportedAccount>& conflicts);
  // A post that can be taken, if it is not there yet.
  struct Candidate {
    const PostLine* post;
    AccountId author;
    std::string key;
  };
  std::vector<Candidate> choose(Batch& batch, const Made& made);
  void choose_user(std::uint64_t number, const UserLine& user, const Made& made, Batch& batch);
  Result<void> drop_stored(std::vector<Candidate>& posts);
  Result<void> take_posts(std::vector<Candidate> chosen);
  Result<void> count_quarantined();
  void report(Batch& batch);
  void tell(Stage stage);
  // For whoever waits: tells the observer, and asks it.
  bool go_on(Stage stage) {
    tell(stage);
    return !(is_stopped_ = observer_.wants_stop());
  }

  const ImporterParts& parts_;
  const ImporterLimits& limits_;
  Observer& observer_;
  internal::Authors authors_;
  ImportIds ids_;
  PostQueue queue_;
  const std::int64_t now_unix_ms_;
  const std::string plaza_community_id_ = plaza_community.to_string();
  Progress progress_;
  std::uint64_t size_before_ = 0;    // of the files before this one
  std::uint64_t offset_before_ = 0;  // of the journal
  bool is_stopped_ = false;
};

Result<Summary> Run::run(const std::vector<std::string>& files) {
  TRY_ASSIGN(auto opened, open(files));
  offset_before_ = parts_.journal.durable_offset();
  // Ids that an import before this one gave are known by the tables alone.
  TRY_ASSIGN(bool more, drain(Stage::catching_up));
  for (std::size_t index = 0; more && index < files.size(); ++index) {
    progress_.file = files[index];
    size_before_ = progress_.size_done;
    TRY(within(files[index], read(std::move(opened[index]))));
    more = !is_stopped_;
  }
  TRY(queue_.finish_durable());
  if (more) {
    TRY_ASSIGN(more, queue_.finish([this] { return go_on(Stage::applying); }));
  }
  // The facts that follow from posts and people have their way to go as well.
  if (more) {
    TRY_ASSIGN(more, drain(Stage::applying));
  }
  TRY(count_quarantined());
  progress_.summary.is_complete = more;
  return progress_.summary;
}

// Before anything is read, so that a name that was mistyped costs nothing.
Result<std::vector<std::unique_ptr<io::File>>> Run::open(const std::vector<std::string>& files) {
  std::vector<std::unique_ptr<io::File>> opened;
  for (const std::string& path : files) {
    TRY_ASSIGN(auto file, within(path, parts_.files->open(path, io::OpenMode::read)));
    TRY_ASSIGN(const std::uint64_t size, within(path, file->size()));
    progress_.size_total += size;
    opened.push_back(std::move(file));
  }
  return opened;
}

Result<bool> Run::drain(Stage stage) {
  while (!parts_.stream.drain(drain_wait_ms))
    if (!go_on(stage)) return false;
  return true;
}

Result<void> Run::read(std::unique_ptr<io::File> file) {
  LineReader reader(std::move(file), line_size_max);
  Batch batch;
  std::uint64_t taken_size = 0;
  for (;;) {
    TRY_ASSIGN(const bool has_line, reader.next());
    if (has_line) parse(reader, batch);
    const bool is_full = batch.line_count >= limits_.batch_count_max ||
                         reader.size_done() - taken_size >= limits_.batch_size_max;
    if (has_line && !is_full) continue;
    TRY(take(batch));
    batch = {};
    taken_size = reader.size_done();
    progress_.size_done = size_before_ + taken_size;
    if (!has_line) tell(Stage::reading);
    if (is_stopped_ || !has_line || !go_on(Stage::reading)) return {};
  }
}

void Run::parse(const LineReader& reader, Batch& batch) {
  const std::string_view line = reader.line();
  if (!reader.is_too_long() && is_blank(line)) return;
  ++batch.line_count;
  if (reader.is_too_long())
    return batch.refuse(reader.number(), RefusalCode::line_too_long,
                        "at most " + std::to_string(line_size_max) + " bytes are taken");
  auto parsed = parse_line(line, now_unix_ms_);
  if (parsed)
    batch.items.push_back({reader.number(), std::move(*parsed)});
  else
    batch.refused.push_back({reader.number(), std::move(parsed).error()});
}

Result<void> Run::take(Batch& batch) {
  TRY(load_people(batch));
  TRY_ASSIGN(const Made made, make_accounts(new_users(batch)));
  std::vector<Candidate> chosen = choose(batch, made);
  progress_.summary.line_count += batch.line_count;
  report(batch);
  return take_posts(std::move(chosen));
}

Result<void> Run::load_people(const Batch& batch) {
  std::vector<Person> people;
  for (const Item& item : batch.items) {
    if (const auto* user = std::get_if<UserLine>(&item.line))
      people.push_back({.source = user->source, .id = user->id});
    else if (const auto* post = std::get_if<PostLine>(&item.line))
      people.push_back({.source = post->source, .id = post->author});
  }
  return authors_.load(people);
}

// The first line of each user whom no import has made.
std::vector<const UserLine*> Run::new_users(const Batch& batch) {
  std::vector<const UserLine*> users;
  std::unordered_set<std::string> seen;
  for (const Item& item : batch.items) {
    const auto* user = std::get_if<UserLine>(&item.line);
    if (user == nullptr || authors_.find({.source = user->source, .id = user->id})) continue;
    if (seen.insert(key_of(*user)).second) users.push_back(user);
  }
  return users;
}

Result<Run::Made> Run::make_accounts(const std::vector<const UserLine*>& users) {
  Made made;
  std::vector<std::int64_t> times;
  for (const UserLine* user : users) times.push_back(user->created_unix_ms);
  TRY_ASSIGN(const std::vector<std::uint64_t> ids, ids_.make(times));
  std::vector<account::ImportedAccount> wanted;
  for (std::size_t index = 0; index < users.size(); ++index)
    wanted.push_back({.source = users[index]->source,
                      .source_id = users[index]->id,
                      .handle = users[index]->handle,
                      .name = users[index]->name,
                      .id = AccountId{ids[index]}});
  std::vector<account::ImportedAccount> again;
  TRY(make_some(wanted, made, again));
  // Whose wish somebody else has gets a made handle, if that is not what they had.
  for (account::ImportedAccount& one : again) one.handle = made_handle(one.source, one.source_id);
  std::vector<account::ImportedAccount> refused;
  TRY(make_some(again, made, refused));
  return made;
}

Result<void> Run::make_some(const std::vector<account::ImportedAccount>& wanted, Made& made,
                            std::vector<account::ImportedAccount>& conflicts) {
  if (wanted.empty()) return {};
  TRY_ASSIGN(const auto given, parts_.accounts.import(wanted));
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    const account::ImportedAccount& one = wanted[index];
    AccountId& account = made[one.source + '\n' + one.source_id];
    if (given[index].ok()) {
      account = *given[index];
      if (one.handle == made_handle(one.source, one.source_id))
        ++progress_.summary.made_handle_count;
    } else if (given[index].error().code() == Code::conflict) {
      conflicts.push_back(one);
    } else {
      return given[index].error();
    }
  }
  return {};
}

// In the order of the lines, so that where batches begin and end changes nothing: a user is known
// to the posts below, not to those above.
std::vector<Run::Candidate> Run::choose(Batch& batch, const Made& made) {
  std::vector<Candidate> chosen;
  std::unordered_set<std::string> keys;
  for (const Item& item : batch.items) {
    if (const auto* user = std::get_if<UserLine>(&item.line)) {
      choose_user(item.number, *user, made, batch);
      continue;
    }
    const auto& post = std::get<PostLine>(item.line);
    const AccountId author = authors_.find({post.source, post.author});
    if (!author) {
      batch.refuse(item.number, RefusalCode::unknown_author,
                   "no user " + quoted(post.author) + " of source " + quoted(post.source));
    } else if (post.community != plaza_community_id_) {
      batch.refuse(item.number, RefusalCode::unknown_community, quoted(post.community));
    } else if (std::string key = key_of(post); queue_.holds(key) || keys.contains(key)) {
      ++progress_.summary.known_count;
    } else {
      keys.insert(key);
      chosen.push_back({.post = &post, .author = author, .key = std::move(key)});
    }
  }
  return chosen;
}

void Run::choose_user(std::uint64_t number, const UserLine& user, const Made& made, Batch& batch) {
  const Person person{.source = user.source, .id = user.id};
  if (authors_.find(person)) {
    ++progress_.summary.known_count;
  } else if (const auto account = made.find(key_of(user)); account->second) {
    ++progress_.summary.user_count;
    authors_.put(person, account->second);
  } else {
    batch.refuse(number, RefusalCode::handle_taken, quoted(made_handle(user.source, user.id)));
  }
}

// What the queue let go is in the tables, so it has to be asked first (choose()).
Result<void> Run::drop_stored(std::vector<Candidate>& posts) {
  const std::vector<sql::Value> keys = [&] {
    std::vector<sql::Value> values;
    for (const Candidate& one : posts) values.emplace_back(one.key);
    return values;
  }();
  std::unordered_set<std::string> stored;
  TRY(parts_.timeline_db.read_and_wait([&](sql::Connection& connection) {
    stored.clear();
    return sql::query_in(
        connection, {.head = "SELECT source_key FROM imported_post WHERE source_key", .keys = keys},
        [&](const sql::Row& row) { stored.emplace(row.text(0)); });
  }));
  progress_.summary.known_count += stored.size();
  if (!stored.empty())
    std::erase_if(posts, [&](const Candidate& one) { return stored.contains(one.key); });
  return {};
}

Result<void> Run::take_posts(std::vector<Candidate> chosen) {
  TRY(drop_stored(chosen));
  std::vector<std::int64_t> times;
  for (const Candidate& one : chosen) times.push_back(one.post->created_unix_ms);
  TRY_ASSIGN(const std::vector<std::uint64_t> ids, ids_.make(times));
  std::vector<PostQueue::Post> posts;
  posts.reserve(chosen.size());
  for (std::size_t index = 0; index < chosen.size(); ++index) {
    Candidate& one = chosen[index];
    const PostLine& line = *one.post;
    const PublishPost event{.post = PostId{ids[index]},
                            .community = plaza_community,
                            .author = one.author,
                            .text = line.text,
                            .language = line.language,
                            .import_source = line.source,
                            .import_source_id = line.id};
    posts.push_back({.key = std::move(one.key),
                     .entry = {.header = {.id = ids[index],
                                          .unix_ms = parts_of(ids[index]).unix_ms,
                                          .account = one.author,
                                          .key = {},
                                          .fingerprint = 0,
                                          .kind = EventKind::publish_post},
                               .payload = encode(event)}});
  }
  TRY_ASSIGN(const std::size_t count,
             queue_.append(std::move(posts), [this] { return go_on(Stage::reading); }));
  progress_.summary.post_count += count;
  return {};
}

void Run::report(Batch& batch) {
  std::ranges::sort(batch.refused, {}, &Refused::number);
  for (const Refused& one : batch.refused) {
    ++progress_.summary.refused[static_cast<std::size_t>(one.refusal.code)];
    observer_.refused(progress_.file, one.number, one.refusal);
  }
}

Result<void> Run::count_quarantined() {
  const Origin origin = parts_.journal.origin();
  return parts_.timeline_db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto records, stream::list_quarantine(connection));
    progress_.summary.quarantined_count = static_cast<std::uint64_t>(
        std::ranges::count_if(records, [&](const stream::QuarantinedRecord& record) {
          return record.position.origin == origin && record.position.offset > offset_before_;
        }));
    return {};
  });
}

void Run::tell(Stage stage) {
  progress_.stage = stage;
  progress_.lag_count = 0;
  progress_.trouble.clear();
  for (const stream::ApplierStatus& status : parts_.stream.status()) {
    progress_.lag_count += status.lag;
    if (!status.trouble.empty()) progress_.trouble = status.view + ": " + status.trouble;
  }
  observer_.progressed(progress_);
}

}  // namespace

std::uint64_t Summary::refused_count() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

Importer::Importer(const ImporterParts& parts, const ImporterLimits& limits)
    : parts_(parts), limits_(limits) {
  MATSURI_ASSERT(limits.batch_count_max > 0 && limits.unapplied_count_max > 0);
  MATSURI_ASSERT(limits.unapplied_count_max + limits.batch_count_max <= ids_unstored_max);
}

Result<Summary> Importer::run(const std::vector<std::string>& files, Observer& observer) {
  return Run(parts_, limits_, observer).run(files);
}

}  // namespace matsuri::imports
