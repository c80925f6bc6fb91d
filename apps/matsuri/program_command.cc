// `matsuri program add`: a closure into the data folder. It writes no database, so it may run
// beside a server and as often as one likes.
#include <cinttypes>
#include <cstdio>

#include "base/time.h"
#include "broadcast/programmes.h"
#include "commands.h"

namespace matsuri {

Result<int> run_program_add(const Config& config, const std::string& closure) {
  TRY(need_data(config));
  TRY_ASSIGN(
      const program::About about,
      broadcast::add_programme(io::posix_files(), DataFolder{config.data}.programmes(), closure));
  std::printf("programme %" PRIu64 ": %s, from %s on unless the broadcast says otherwise\n",
              about.programme, about.title.c_str(), to_rfc3339(about.start_unix_ms).c_str());
  return 0;
}

}  // namespace matsuri
