// What benches need around their measuring: a folder that goes away, and an end where something
// that must work does not.
#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "bench/report.h"

namespace matsuri::bench {

[[noreturn]] inline void give_up(const std::string& why) {
  say("bench: " + why);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result.ok()) give_up(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A folder of its own on a disk (not below /tmp, which may be memory), removed at the end.
class Folder {
 public:
  Folder()
      : Folder(std::filesystem::exists("build") ? std::filesystem::absolute("build").string()
                                                : "/var/tmp") {}
  explicit Folder(const std::string& parent) : path_(parent + "/bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) give_up("cannot make " + path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace matsuri::bench
