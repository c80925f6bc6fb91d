// Cookies and bearer tokens come from strangers. Nothing that was not signed counts, and a
// credential is written in one way only.
#include <cstdlib>
#include <string_view>

#include "account/credential.h"
#include "io/random.h"
#include "io/sim_disk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  static const auto signer = [] {
    static io::SimDisk disk;
    io::SeededRandom random(1);
    return account::Signer::open(disk, "keys", random).value();
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto credential = signer->verify(text);
  if (credential.ok() ? signer->sign(credential.value()) != text
                      : credential.error().code() != Code::unauthenticated)
    std::abort();
  return 0;
}
