#include "bench/checkin_servers.h"

#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <set>
#include <thread>
#include <utility>

#include "base/sentence.h"
#include "base/time.h"
#include "bench/bare.h"
#include "bench/cores.h"
#include "http/router.h"
#include "http/server.h"
#include "io/file.h"
#include "journal/id_maker.h"
#include "journal/inbox.h"
#include "journal/reader.h"
#include "journal/writer.h"

namespace matsuri::bench {
namespace {

constexpr http::RouteOptions check_in_options = {
    .cost = http::Cost::none, .body_size_max = 2048, .json_body = true};
constexpr std::string_view check_in_route = "/v1/checkin/{programme}";
constexpr std::string_view ticket_route = "/v1/checkin/{programme}/ticket";

class Counted {
 public:
  void add(EventKind kind, Bytes payload) {
    if (kind != EventKind::checkin_attempted) give_up("a record that nobody wrote");
    const Event event = must(decode(kind, payload));
    const auto& attempt = std::get<CheckinAttempted>(event);
    ++kept_.count;
    kept_.ok_count += attempt.result == CheckinResult::ok ? 1 : 0;
    tickets_.insert(attempt.nonce);
  }
  Kept kept() {
    kept_.ticket_count = tickets_.size();
    return kept_;
  }

 private:
  Kept kept_;
  std::set<std::string> tickets_;
};

void for_each_record(const std::string& folder,
                     const std::function<void(const journal::StoredRecord&)>& look) {
  io::FileSystem& files = io::posix_files();
  for (const journal::Range& range : must(journal::list_ranges(files, folder))) {
    const auto reader = must(journal::Reader::open(files, folder, range.origin));
    std::vector<journal::StoredRecord> records;
    do {
      must(reader->read(range.end_offset, 4096, 1 << 20, records));
      for (const journal::StoredRecord& record : records) look(record);
    } while (!records.empty());
  }
}

void run_to_end(std::vector<std::string> words, const std::string& log) {
  Program program(std::move(words), log);
  if (program.wait().status != 0) give_up("a program failed: " + program.said());
}

http::ServerOptions server_options(std::size_t thread_count) {
  return {.port = 0, .thread_count = thread_count};
}

[[noreturn]] void serve(http::ServerOptions options, const http::Router& router,
                        const std::function<void(std::uint16_t)>& tell) {
  const auto server = must(http::Server::listen(std::move(options), router));
  server->start();
  tell(server->port());
  for (;;) ::pause();
}

// Of the size that the closure's are.
std::string attempt_payload() {
  return encode(CheckinAttempted{.programme = "7",
                                 .window = 1,
                                 .campaign = "waves",
                                 .points = 5,
                                 .nonce = std::string(16, 'n'),
                                 .ticket_unix_ms = io::system_clock().unix_ms(),
                                 .result = CheckinResult::ok,
                                 .path = "terrestrial",
                                 .score_permille = 990,
                                 .frame_count = 24});
}

[[noreturn]] void serve_null(const std::string& folder,
                             const std::function<void(std::uint16_t)>& tell) {
  const auto writer = must(journal::Writer::open({.folder = folder + "/journal"}));
  const auto ids = must(journal::IdMaker::open({.path = folder + "/ids"}));
  const std::string payload = attempt_payload();
  const auto answer = [] { return http::Response{.body = R"({"ok":true})"}; };
  http::Router router;
  router.add(http::Method::get, ticket_route, {.cost = http::Cost::none},
             [&](const http::RequestPtr&, http::Responder respond) { respond.send(answer()); });
  router.add(http::Method::post, check_in_route, check_in_options,
             [&](const http::RequestPtr& request, http::Responder respond) {
               const RecordHeader header{.id = must(ids->next()),
                                         .unix_ms = io::system_clock().unix_ms(),
                                         .account = AccountId{1},
                                         .kind = EventKind::checkin_attempted};
               must(writer->append(
                   header, as_bytes(payload), *request->executor,
                   [&answer, waiting = std::move(respond)](const Result<Position>& kept) mutable {
                     if (!kept.ok()) give_up(kept.error().to_string());
                     waiting.send(answer());
                   }));
             });
  serve(server_options(1), router, tell);
}

const BareInsert insert_attempt{
    .head =
        "INSERT INTO attempt (unix_ms, account, programme, window_id, campaign, points, nonce, "
        "ticket_unix_ms, result, path, score, frame_count)",
    .sqlite_tail = "",
    .mariadb_tail = "",
    .column_count = 12};

void insert(Bare& database, const closure::Judged& judged) {
  const CheckinAttempted& event = judged.event;
  Cell nonce = Cell::of(event.nonce);
  nonce.kind = Cell::Kind::bytes;
  const Cell cells[] = {Cell::of(judged.header.unix_ms),
                        Cell::of(static_cast<std::int64_t>(judged.header.account.value)),
                        Cell::of(event.programme),
                        Cell::of(std::int64_t{event.window}),
                        Cell::of(event.campaign),
                        Cell::of(event.points),
                        nonce,
                        Cell::of(event.ticket_unix_ms),
                        Cell::of(static_cast<std::int64_t>(event.result)),
                        Cell::of(event.path),
                        Cell::of(std::int64_t{event.score_permille}),
                        Cell::of(std::int64_t{event.frame_count})};
  database.insert(insert_attempt, cells);
}

[[noreturn]] void serve_sync(const Viewers& viewers, const sql::DbOptions& database,
                             const std::function<void(std::uint16_t)>& tell) {
  const closure::Service service({.show = viewers.show()}, viewers.settings());
  http::Router router;
  router.add(http::Method::post, check_in_route, check_in_options,
             [&](const http::RequestPtr& request, http::Responder respond) {
               thread_local const auto connection = open_bare(database);
               respond.send([&]() -> Result<http::Response> {
                 TRY_ASSIGN(closure::Judged judged,
                            service.check_in(request->path_parameter("programme"), request->body));
                 insert(*connection, judged);
                 return std::move(judged.response);
               }());
             });
  serve(server_options(SyncServer::thread_count), router, tell);
}

}  // namespace

Kept kept_in_journal(const std::string& folder) {
  Counted counted;
  for_each_record(folder, [&](const journal::StoredRecord& record) {
    counted.add(record.header.kind, record.payload);
  });
  return counted.kept();
}

Kept kept_in_inbox(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  Counted counted;
  for (Bytes rest = as_bytes(bytes); !rest.empty();) {
    const auto record = journal::inbox_record_at(rest);
    if (!record) give_up("an inbox with bytes that are no record");
    counted.add(record->header.kind, record->payload);
    rest = rest.subspan(record->size);
  }
  return counted.kept();
}

void link_closure(const Viewers& viewers, const std::string& folder) {
  must(io::replace_file(io::posix_files(), folder + "/show.bin",
                        program::bytes_of(viewers.bytes())));
  std::ofstream(folder + "/data.s")
      << ".section .rodata\n.balign 64\n.global matsuri_show_begin\nmatsuri_show_begin:\n"
      << ".incbin \"" << folder << "/show.bin\"\n"
      << ".global matsuri_show_end\nmatsuri_show_end:\n"
      << ".section .note.GNU-stack,\"\",@progbits\n";
  std::ofstream(folder + "/keys") << viewers.keys_line();
  run_to_end({"/usr/bin/as", "-o", folder + "/data.o", folder + "/data.s"}, folder + "/as.log");
  run_to_end({"/usr/bin/ld", "-static", "--eh-frame-hdr", "--gc-sections", "-o",
              folder + "/show.checkin", our_program("closure.o"), folder + "/data.o"},
             folder + "/ld.log");
}

Resident::Resident(const Viewers& viewers, std::optional<std::int64_t> start_unix_ms) {
  const OnCores serving(serving_core());
  const std::string& folder = folder_.path();
  link_closure(viewers, folder);
  program_ = std::make_unique<Program>(
      std::vector<std::string>{folder + "/show.checkin", "serve", "--data", folder + "/data",
                               "--listen", "127.0.0.1:0", "--threads", "1", "--keys",
                               folder + "/keys", "--start",
                               to_rfc3339(start_unix_ms.value_or(viewers.start_unix_ms()))},
      folder + "/log");
  constexpr std::string_view before = " port=";
  for (int i = 0; i < 3000 && port_ == 0; ++i) {
    const std::string said = program_->said();
    const std::size_t at = said.find(before);
    if (at != std::string::npos && said.find('\n', at) != std::string::npos)
      std::from_chars(said.data() + at + before.size(), said.data() + said.size(), port_);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (port_ == 0) give_up("the closure did not start: " + program_->said());
}

Kept Resident::stop() {
  if (program_->stop().status != 0) give_up("the closure did not end well: " + program_->said());
  return kept_in_journal(folder_.path() + "/data/journal");
}

Forked::Forked(const std::function<void(const std::function<void(std::uint16_t)>&)>& run) {
  const OnCores serving(serving_core());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("cannot make a pipe");
  child_ = std::make_unique<Child>([&] {
    run([&](std::uint16_t port) {
      if (::write(ends[1], &port, sizeof port) != sizeof port) give_up("cannot tell the port");
    });
  });
  ::close(ends[1]);
  if (::read(ends[0], &port_, sizeof port_) != sizeof port_) give_up("a server did not start");
  ::close(ends[0]);
}

NullServer::NullServer()
    : forked_(std::make_unique<Forked>(
          [this](const auto& tell) { serve_null(folder_.path(), tell); })) {}

std::size_t NullServer::stop() {
  forked_.reset();
  std::size_t count = 0;
  for_each_record(folder_.path() + "/journal", [&](const journal::StoredRecord&) { ++count; });
  return count;
}

SyncServer::SyncServer(const Viewers& viewers, const sql::DbOptions& database)
    : database_(database) {
  must(sql::Db::open(database));  // makes the schema
  open_bare(database)->execute(
      "CREATE TABLE attempt (id BIGINT AUTO_INCREMENT PRIMARY KEY, unix_ms BIGINT NOT NULL, "
      "account BIGINT NOT NULL, programme VARCHAR(64) NOT NULL, window_id INT NOT NULL, "
      "campaign VARCHAR(64) NOT NULL, points BIGINT NOT NULL, nonce BINARY(16) NOT NULL, "
      "ticket_unix_ms BIGINT NOT NULL, result INT NOT NULL, path VARCHAR(16) NOT NULL, "
      "score INT NOT NULL, frame_count INT NOT NULL) ENGINE=InnoDB");
  forked_ = std::make_unique<Forked>(
      [&viewers, database](const auto& tell) { serve_sync(viewers, database, tell); });
}

Kept SyncServer::stop() {
  forked_.reset();
  Kept kept;
  const auto db = must(sql::Db::open(database_));
  must(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    const auto read = [&](std::size_t& to, const std::string& text) -> Result<void> {
      TRY_ASSIGN(const auto found, connection.integer(text));
      to = static_cast<std::size_t>(found.value_or(0));
      return {};
    };
    TRY(read(kept.count, "SELECT COUNT(*) FROM attempt"));
    TRY(read(kept.ok_count, sentence("SELECT COUNT(*) FROM attempt WHERE result = ",
                                     static_cast<int>(CheckinResult::ok))));
    return read(kept.ticket_count, "SELECT COUNT(DISTINCT nonce) FROM attempt");
  }));
  return kept;
}

// Where whoever Apache runs closures as may come in: a folder of the repository may be closed to
// them.
Apache::Apache(const Viewers& viewers, How how) : folder_("/var/tmp"), port_(free_port()) {
  const OnCores serving(serving_core());
  const std::string& folder = folder_.path();
  const std::string program = find_program("apache2");
  if (program.empty())
    give_up("apache2 is missing: run this by ./dev bench checkin, which fetches what it needs");
  link_closure(viewers, folder);
  const std::string inbox = folder + "/inbox";
  if (::mkdir(inbox.c_str(), 0700) != 0 || ::chmod(inbox.c_str(), 0777) != 0 ||
      ::chmod(folder.c_str(), 0755) != 0)
    give_up("cannot make " + inbox);
  const std::string file = folder + "/apache.conf";
  std::ofstream(file) << configuration(viewers, how);
  child_ = std::make_unique<Child>([&] {
    ::setsid();  // it ends all of its group
    ::execl(program.c_str(), program.c_str(), "-f", file.c_str(), "-DFOREGROUND", nullptr);
  });
  wait_for_port(port_, program);
}

std::string Apache::configuration(const Viewers& viewers, How how) const {
  const bool is_cgi = how == How::cgi;
  const std::string& folder = folder_.path();
  std::string text =
      sentence("ServerRoot ", folder, "\nServerName localhost\nPidFile ", folder,
               "/apache.pid\nDefaultRuntimeDir ", folder, "\nListen 127.0.0.1:", port_,
               "\nErrorLog ", folder, "/error.log\nMaxKeepAliveRequests 0\nKeepAliveTimeout 60\n");
  for (const std::string_view name : {is_cgi ? "mpm_prefork" : "mpm_event", is_cgi ? "cgi" : "cgid",
                                      "alias", "env", "authz_core"})
    text += sentence("LoadModule ", name, "_module /usr/lib/apache2/modules/mod_", name, ".so\n");
  // Threads for three times as many connections as come: one whose threads are all busy closes
  // connections that are to be used again.
  text += is_cgi ? "StartServers 32\nMinSpareServers 32\nMaxSpareServers 64\n"
                 : sentence("ScriptSock ", folder,
                            "/cgid.sock\nServerLimit 1\nThreadLimit 192\nThreadsPerChild 192\n"
                            "MaxRequestWorkers 192\n");
  if (::geteuid() == 0) text += "User #65534\nGroup #65534\n";
  text += sentence("SetEnv MATSURI_CHECKIN_KEYS ", folder, "/keys\nSetEnv MATSURI_CHECKIN_INBOX ",
                   folder, "/inbox/checkin.inbox\nSetEnv MATSURI_CHECKIN_START ",
                   to_rfc3339(viewers.start_unix_ms()), "\nScriptAlias /v1/checkin/7 ", folder,
                   "/show.checkin\n");
  return text;
}

Kept Apache::stop() {
  child_.reset();
  return kept_in_inbox(folder_.path() + "/inbox/checkin.inbox");
}

}  // namespace matsuri::bench
