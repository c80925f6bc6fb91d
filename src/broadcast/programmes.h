// The programmes that this node serves: a closure of each lies in the data folder, runs beside the
// server, and is asked on behalf of viewers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "closure/broadcast.h"
#include "http/upstream.h"
#include "io/file.h"
#include "model/ids.h"
#include "program/show.h"
#include "ticket/keys.h"
#include "ticket/pass.h"

namespace matsuri::broadcast {

using ticket::ProgrammeId;

inline constexpr std::size_t programme_count_max = 50;
// Journals of closures need nodes of their own; these are for those beside a server.
inline constexpr unsigned closure_node_first = 200;

struct Programme {
  program::About about;
  closure::Broadcast broadcast;
  bool is_serving = false;

  ProgrammeId id() const { return ProgrammeId{about.programme}; }
};

struct ProgrammesOptions {
  std::string folder;  // DATA/programmes: a folder for each, named by its id
  std::string keys;    // path of the file with the keys; made where it is missing
  Region region{0};
};

// Where the closures of a folder keep what viewers did: a folder each that has a journal, or will.
std::vector<std::string> data_folders(io::FileSystem& files, const std::string& folder);

// Adds a closure to a folder of programmes, or puts it in the place of an earlier build of the same
// programme; a server that serves the folder hears of it within a second. Code::invalid where the
// file holds no programme, Code::exhausted where there are programme_count_max others.
Result<program::About> add_programme(io::FileSystem& files, const std::string& folder,
                                     const std::string& closure);

// Thread-safe. Owns a thread that starts closures, starts them again when they end, and looks once
// a second what is new.
class Programmes {
 public:
  using Changed = std::move_only_function<void(Result<Programme>)>;

  // Reads what is there; starts nothing yet.
  static Result<std::unique_ptr<Programmes>> open(ProgrammesOptions options);
  ~Programmes();
  Programmes(const Programmes&) = delete;
  Programmes& operator=(const Programmes&) = delete;

  void start();
  // Ends all closures, which finish what they do. Blocks.
  void stop();

  // By the time that they begin.
  std::vector<Programme> list() const;
  // Code::not_found where there is none.
  Result<Programme> find(ProgrammeId programme) const;

  // On the thread of the programmes, when it is durable; the closure goes by it at once.
  // Code::not_found, Code::io, Code::busy where that thread ends before.
  // REQUIRES: start() was called, and stop() was not.
  void set_broadcast(ProgrammeId programme, const closure::Broadcast& broadcast, Changed done);

  const ticket::Keys& keys() const;

  // Asks the programme's closure. `done` as of http::Upstream::forward(); with not_found where
  // there is no such programme.
  void forward(ProgrammeId programme, http::Forwarded request, http::Upstream::Done done);

 private:
  class Impl;
  explicit Programmes(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::broadcast
