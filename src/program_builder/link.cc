#include "program_builder/link.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"

namespace matsuri::program_builder {
namespace {

constexpr std::size_t said_size_max = 1 << 16;
constexpr mode_t program_mode = 0755;

// The data as a section of its own, between two symbols that the closure knows.
constexpr std::string_view assembly = R"(.section .rodata
.balign 64
.global matsuri_show_begin
matsuri_show_begin:
.incbin "show.bin"
.global matsuri_show_end
matsuri_show_end:
.section .note.GNU-stack,"",@progbits
)";

// A folder that is gone afterwards, beside what comes out, so that a rename puts that in place.
class WorkFolder {
 public:
  static Result<std::unique_ptr<WorkFolder>> make(const std::string& beside) {
    std::unique_ptr<WorkFolder> folder(new WorkFolder(io::folder_of(beside) + "/.link-XXXXXX"));
    if (mkdtemp(folder->path_.data()) != nullptr) return folder;
    return Error(Code::io, folder->path_ + ": " + std::strerror(errno));
  }
  ~WorkFolder() {
    for (const char* name : {"show.bin", "data.s", "data.o", "closure", "said"})
      unlink(path(name).c_str());
    rmdir(path_.c_str());
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  std::string path(const char* name) const { return path_ + '/' + name; }

 private:
  explicit WorkFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Runs a tool of the PATH and waits for it.
Result<void> run(std::vector<std::string> words, const WorkFolder& folder) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string said_path = folder.path("said");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, said_path.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t process = 0;
  const int error =
      posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return Error(Code::invalid,
                 words[0] + " is needed, of Debian's package binutils: " + std::strerror(error));
  int status = 0;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return Error(Code::io, words[0] + ": " + std::strerror(errno));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const auto said = io::read_file(io::posix_files(), said_path, said_size_max);
  return Error(Code::invalid, words[0] + " failed: " + (said.ok() ? *said : ""));
}

}  // namespace

Result<void> link_closure(const std::string& closure, Bytes data, const std::string& out) {
  io::FileSystem& files = io::posix_files();
  TRY_ASSIGN(const bool is_there, files.exists(closure));
  if (!is_there) return Error(Code::not_found, closure + " is not there");
  TRY_ASSIGN(const std::unique_ptr<WorkFolder> folder, WorkFolder::make(out));
  TRY(io::replace_file(files, folder->path("show.bin"), data));
  const std::string source = folder->path("data.s"), object = folder->path("data.o");
  TRY(io::replace_file(files, source, as_bytes(assembly)));
  TRY(run({"as", "-I", folder->path(""), "-o", object, source}, *folder));
  const std::string linked = folder->path("closure");
  TRY(run({"ld", "-static", "--eh-frame-hdr", "--gc-sections", "-o", linked, closure, object},
          *folder));
  if (chmod(linked.c_str(), program_mode) != 0)
    return Error(Code::io, linked + ": " + std::strerror(errno));
  TRY(files.rename(linked, out));
  return files.sync_folder(io::folder_of(out));
}

}  // namespace matsuri::program_builder
