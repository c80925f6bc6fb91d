// The private server; see mariadb_server.h.
//
// Making an empty data folder takes 2.5 s, copying one 30 ms: so one is kept, per user and version
// of the server, in the temporary folder of the machine.
#include "sql/testing/mariadb_server.h"

#include <fcntl.h>
#include <grp.h>
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
#include <sstream>
#include <thread>
#include <vector>

extern char** environ;

namespace matsuri::sql {

namespace {

namespace fs = std::filesystem;

constexpr const char* server_path = "/usr/sbin/mariadbd";
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

std::vector<std::string> server_words(const std::string& folder, const std::string& socket) {
  std::vector<std::string> words = {
      server_path, "--no-defaults", "--datadir=" + folder + "/data",
      // One that starts clears what others have in theirs.
      "--tmpdir=" + folder, "--socket=" + socket, "--pid-file=" + folder + "/pid",
      "--log-error=" + folder + "/log", "--skip-networking", "--skip-log-bin",
      "--innodb-buffer-pool-size=64M", "--innodb-buffer-pool-chunk-size=16M",
      "--innodb-log-file-size=32M", "--innodb-log-buffer-size=4M", "--key-buffer-size=1M",
      "--aria-pagecache-buffer-size=1M", "--query-cache-size=0", "--performance-schema=OFF",
      "--table-open-cache=256", "--max-connections=100", "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=1", "--character-set-server=utf8mb4"};
  if (geteuid() == 0 && server_user() == nullptr) words.emplace_back("--user=root");
  return words;
}

}  // namespace

MariadbServer* MariadbServer::get() {
  if (!fs::exists(server_path) || !fs::exists(installer_path)) return nullptr;
  static MariadbServer server;
  if (!server.is_running()) server.start();
  return &server;
}

MariadbServer::MariadbServer() {
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
  std::vector<std::string> words = server_words(folder_, socket_);
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

}  // namespace matsuri::sql
