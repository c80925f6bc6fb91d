// Makes ids: time-ordered, unique over restarts, clock steps and nodes (model/ids.h has the
// layout).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "io/clock.h"
#include "io/file.h"
#include "model/ids.h"

namespace matsuri::journal {

struct IdMakerOptions {
  std::string path;  // of the file with the reserved ceiling; one per maker
  Region region{};
  Node node{};
  // How far ahead a reservation reaches; at least 64. Less than id_ahead_ms_max: after a crash ids
  // begin at its end, and a peer must not refuse them.
  std::int64_t reserve_ms = 4'000;
  io::FileSystem* files = &io::posix_files();
  io::Clock* clock = &io::system_clock();
};

inline constexpr std::int64_t id_ahead_ms_max = 5'000;

// A hybrid logical clock (Kulkarni et al., 2014) of milliseconds and a sequence. Every id is
// greater than every one it made or was shown before, and below a ceiling that was made durable
// before: after a restart it goes on above that ceiling, whatever the clock says. What it was shown
// is forgotten with a restart where no id was made after it.
//
// Thread-safe, lock-free while the reservation lasts. Owns one thread, which reserves ahead.
class IdMaker {
 public:
  // Code::corrupt where the file is damaged.
  static Result<std::unique_ptr<IdMaker>> open(IdMakerOptions options);
  ~IdMaker();
  IdMaker(const IdMaker&) = delete;
  IdMaker& operator=(const IdMaker&) = delete;

  // Code::busy where the reservation is used up and its extension not yet durable.
  Result<std::uint64_t> next();
  // Later ids are greater than `id`. Code::invalid where it is more than id_ahead_ms_max ahead of
  // the clock: a broken peer must not drag us into the future.
  Result<void> observe(std::uint64_t id);

 private:
  class Impl;
  explicit IdMaker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The ceiling that a maker has left at `path`, in Unix milliseconds: each of its ids is of an
// earlier one. Code::not_found where there is none, Code::corrupt where it is damaged. For the
// doctor.
Result<std::int64_t> read_id_ceiling(io::FileSystem& files, const std::string& path);

}  // namespace matsuri::journal
