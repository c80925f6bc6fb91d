// Files of windows that somebody wrote: refused with a line, or such that a programme takes them.
#include <cstdlib>

#include "program_builder/windows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto windows = program_builder::parse_windows(text);
  if (!windows.ok()) {
    if (windows.error().code() != Code::invalid) std::abort();
    return 0;
  }
  const program::About about{.programme = 1,
                             .title = "x",
                             .start_unix_ms = 0,
                             .duration_ms = program::duration_ms_max,
                             .windows = windows->windows};
  if (!windows->check_end(about.duration_ms).ok() || !program::check_about(about).ok())
    std::abort();
  return 0;
}
