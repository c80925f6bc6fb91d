// A broadcaster and a viewer for tests of whole closures: draws a film, and films it.
//
//   closure_viewer show OUT DURATION_MS       writes the film's bytes: programme 7, which began at
//                                             0 (1970), one window over all of it
//   closure_viewer burst SEED FILM START_MS   prints the descriptor, base64url like the seed, of a
//                                             burst that begins there
#include <charconv>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "closure/testing/film.h"
#include "io/file.h"
#include "model/base64url.h"

namespace matsuri::closure {
namespace {

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int write_show(const std::string& path, std::uint32_t duration_ms) {
  const program::Lines lines = film_waves(7, duration_ms);
  return io::replace_file(io::posix_files(), path, program::bytes_of(lines)).ok() ? 0 : 1;
}

int print_burst(std::string_view seed_text, std::uint64_t number, std::int64_t start_ms) {
  match::Seed seed;
  if (!from_base64url(seed_text, std::as_writable_bytes(std::span(seed)))) return 1;
  const std::string wire = film_burst(seed, {.number = number, .start_ms = start_ms});
  std::puts(to_base64url(as_bytes(wire)).c_str());
  return 0;
}

}  // namespace
}  // namespace matsuri::closure

int main(int argc, char** argv) {
  using namespace matsuri::closure;
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "show" && argc == 4)
    return write_show(argv[2], static_cast<std::uint32_t>(number_of(argv[3])));
  if (command == "burst" && argc == 5)
    return print_burst(argv[2], static_cast<std::uint64_t>(number_of(argv[3])), number_of(argv[4]));
  std::fputs("closure_viewer show|burst …\n", stderr);
  return 2;
}
