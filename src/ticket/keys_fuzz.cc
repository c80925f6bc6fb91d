// The keys file is written by people. Whatever it says, it is read or refused with a reason, and
// keys that were read can sign.
#include <cstdlib>
#include <string_view>

#include "ticket/pass.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const auto keys = ticket::Keys::parse({reinterpret_cast<const char*>(data), size});
  if (!keys.ok()) {
    if (keys.error().code() != Code::invalid) std::abort();
    return 0;
  }
  const ticket::ViewerPass pass{.account = AccountId{1}, .expires_unix_ms = 2};
  const auto opened = ticket::open_pass(*keys, ticket::seal(*keys, pass));
  if (!opened.ok() || *opened != pass) std::abort();
  return 0;
}
