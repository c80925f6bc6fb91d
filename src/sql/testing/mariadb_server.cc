// The private servers; see mariadb_server.h.
//
// Making an empty data folder takes 2.5 s, copying one 30 ms: so one is kept, per user and version
// of the server, in the temporary folder of the machine.
#include "sql/testing/mariadb_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

extern char** environ;

namespace matsuri::sql {

namespace {

namespace fs = std::filesystem;

constexpr const char* server_path = "/usr/sbin/mariadbd";
constexpr const char* client_path = "/usr/bin/mariadb";
constexpr const char* installer_path = "/usr/bin/mariadb-install-db";

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "private mariadbd: %s: %s\n", what.c_str(), std::strerror(errno));
  std::abort();
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return argv;
}

void run_program(std::vector<std::string> words) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int code =
      posix_spawnp(&pid, words[0].c_str(), &actions, nullptr, pointers(words).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (code != 0 || waitpid(pid, &status, 0) != pid || status != 0) fail(words[0] + " failed");
}

// A server refuses to run as root: then it is the packages' own user, which may read and write
// nothing but the server's folder.
const passwd* server_user() {
  static const passwd* user = geteuid() == 0 ? getpwnam("mysql") : nullptr;
  return user;
}

std::string version() {
  std::FILE* pipe = popen((std::string(server_path) + " --version").c_str(), "re");
  if (pipe == nullptr) fail("--version");
  std::array<char, 256> line{};
  const char* read = std::fgets(line.data(), line.size(), pipe);
  pclose(pipe);
  if (read == nullptr) fail("--version");
  std::string name = line.data();  // "… Ver 10.11.19-MariaDB-…"
  name = name.substr(std::min(name.find("Ver ") + 4, name.size()));
  return name.substr(0, name.find_first_not_of("0123456789."));
}

// The folder of an empty server, made by whoever comes first.
fs::path template_folder() {
  const fs::path root =
      fs::temp_directory_path() / ("matsuri-mariadb-" + std::to_string(geteuid()));
  fs::create_directories(root);
  fs::permissions(root, fs::perms::owner_all);
  const std::string lock_path = root / "lock";
  const int lock = open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) fail("lock " + lock_path);
  const fs::path done = root / version();
  if (!fs::exists(done)) {
    const fs::path draft = root / "draft";
    fs::remove_all(draft);
    std::vector<std::string> words = {installer_path,
                                      "--no-defaults",
                                      "--force",  // also where the host's own name is not known
                                      "--auth-root-authentication-method=normal",
                                      "--skip-test-db",
                                      "--innodb-log-file-size=32M",
                                      "--datadir=" + draft.string()};
    if (geteuid() == 0) words.emplace_back("--user=root");
    run_program(std::move(words));
    fs::rename(draft, done);
  }
  close(lock);
  return done;
}

// Nobody listens there now, and nobody gets it from the system by chance.
int free_port() {
  std::random_device random;
  for (int tries = 0; tries < 1000; ++tries) {
    const int port = 20'000 + static_cast<int>(random() % 12'000);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int code = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    close(fd);
    if (code == 0) return port;
  }
  fail("no free port");
}

std::vector<std::string> server_words(const std::string& folder, const std::string& socket,
                                      const std::vector<std::string>& more_words) {
  std::vector<std::string> words = {
      server_path, "--no-defaults", "--datadir=" + folder + "/data",
      // One that starts clears what others have in theirs.
      "--tmpdir=" + folder, "--socket=" + socket, "--pid-file=" + folder + "/pid",
      "--log-error=" + folder + "/log", "--innodb-buffer-pool-size=64M",
      "--innodb-buffer-pool-chunk-size=16M", "--innodb-log-file-size=32M",
      "--innodb-log-buffer-size=4M", "--key-buffer-size=1M", "--aria-pagecache-buffer-size=1M",
      "--query-cache-size=0", "--performance-schema=OFF", "--table-open-cache=256",
      "--max-connections=100", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=1",
      "--character-set-server=utf8mb4"};
  words.insert(words.end(), more_words.begin(), more_words.end());
  if (geteuid() == 0 && server_user() == nullptr) words.emplace_back("--user=root");
  return words;
}

const std::vector<std::string> alone_words = {"--skip-networking", "--skip-log-bin"};

}  // namespace

MariadbServer* MariadbServer::get() {
  if (!fs::exists(server_path) || !fs::exists(installer_path)) return nullptr;
  static MariadbServer server(alone_words);
  if (!server.is_running()) server.start();
  return &server;
}

MariadbPair* MariadbServer::pair() {
  if (!fs::exists(server_path) || !fs::exists(installer_path)) return nullptr;
  static const int port = free_port();
  static MariadbServer primary({"--server-id=1", "--log-bin=binlog", "--binlog-format=ROW",
                                "--sync-binlog=1", "--gtid-strict-mode=1",
                                "--bind-address=127.0.0.1", "--port=" + std::to_string(port)});
  static MariadbServer replica(
      {"--server-id=2", "--skip-log-bin", "--skip-networking", "--read-only=1"});
  static MariadbPair pair{primary, replica};
  static const bool is_joined = [] {
    primary.start();
    replica.start();
    primary.run(
        "CREATE USER 'follower'@'127.0.0.1' IDENTIFIED BY 'f';"
        " GRANT REPLICATION SLAVE ON *.* TO 'follower'@'127.0.0.1'");
    replica.run("CHANGE MASTER TO master_host='127.0.0.1', master_port=" + std::to_string(port) +
                ", master_user='follower', master_password='f', master_use_gtid=slave_pos,"
                " master_connect_retry=1; START SLAVE");
    return true;
  }();
  (void)is_joined;
  if (!primary.is_running()) primary.start();
  if (!replica.is_running()) replica.start();
  return &pair;
}

MariadbServer::MariadbServer(std::vector<std::string> more_words)
    : more_words_(std::move(more_words)) {
  std::string name = fs::temp_directory_path() / "matsuri-sql-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) fail("mkdtemp");
  folder_ = name;
  socket_ = folder_ + "/socket";
  run_program({"cp", "-a", "--sparse=always", template_folder(), folder_ + "/data"});
  if (const passwd* user = server_user()) {
    run_program({"chown", "-R", std::to_string(user->pw_uid) + ":" + std::to_string(user->pw_gid),
                 folder_});
  }
}

MariadbServer::~MariadbServer() {
  if (is_running()) end(SIGTERM);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void MariadbServer::start() {
  if (is_running()) return;
  fs::remove(socket_);
  std::vector<std::string> words = server_words(folder_, socket_, more_words_);
  const std::vector<char*> argv = pointers(words);
  const passwd* user = server_user();
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    // Only calls that are safe between fork and exec. The user is changed here and not by the
    // server, because changing it forgets that we want to die with our parent.
    if (user != nullptr &&
        (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
      _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(125);
    setpgid(0, 0);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  pid_ = pid;
  wait_until_ready();
}

void MariadbServer::wait_until_ready() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) fail("socket path is too long: " + socket_);
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < give_up) {
    const int fd = socket_.empty() ? -1 : ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int code = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    close(fd);
    if (code == 0) return;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::ostringstream text;
  text << std::ifstream(folder_ + "/log").rdbuf();
  fail("did not start: " + text.str());
}

void MariadbServer::end(int signal) {
  if (!is_running()) return;
  ::kill(pid_, signal);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > give_up) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  pid_ = 0;
}

void MariadbServer::stop() { end(SIGTERM); }
void MariadbServer::kill() { end(SIGKILL); }
void MariadbServer::freeze() const {
  if (!is_running()) return;
  ::kill(pid_, SIGSTOP);
  waitpid(pid_, nullptr, WUNTRACED);  // The signal only asks: threads that run may answer yet.
}
void MariadbServer::thaw() const {
  if (is_running()) ::kill(pid_, SIGCONT);
}

// Quotes of the shell are not in it.
std::string MariadbServer::run(const std::string& statements) const {
  const std::string words =
      std::string(client_path) + " --no-defaults --batch --skip-column-names" +
      " --user=root --socket=" + socket_ + " --execute=\"" + statements + "\" 2>&1";
  std::FILE* pipe = popen(words.c_str(), "re");
  if (pipe == nullptr) fail(statements);
  std::string said;
  std::array<char, 4096> some{};
  while (const std::size_t size = std::fread(some.data(), 1, some.size(), pipe))
    said.append(some.data(), size);
  if (pclose(pipe) != 0) fail(statements + ": " + said);
  return said;
}

void MariadbPair::stop_applying() const { replica.run("STOP SLAVE SQL_THREAD"); }
void MariadbPair::go_on_applying() const {
  replica.thaw();
  replica.start();
  replica.run("START SLAVE SQL_THREAD");
}

void MariadbPair::catch_up() const {
  std::string place = primary.run("SELECT @@gtid_binlog_pos");
  place.resize(place.find_last_not_of('\n') + 1);
  if (replica.run("SELECT MASTER_GTID_WAIT('" + place + "', 60)") != "0\n")
    fail("the replica does not come to " + place);
}

DbOptions MariadbServer::fresh_database(const std::string& name) {
  static std::atomic<unsigned> count{0};
  DbOptions options;
  options.engine = Engine::mariadb;
  options.name = name;
  options.mariadb_socket = socket_;
  options.mariadb_user = "root";
  options.mariadb_schema = "t" + std::to_string(++count) + "_" + name;
  return options;
}

DbOptions MariadbServer::same_database(DbOptions options) const {
  options.mariadb_socket = socket_;
  return options;
}

}  // namespace matsuri::sql
