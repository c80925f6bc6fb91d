#include "model/base64url.h"

#include <sodium.h>

namespace matsuri {
namespace {

constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

std::string to_base64url(Bytes bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), variant);
  text.pop_back();  // the terminating zero
  return text;
}

// libsodium takes some texts that it would not give, hence the look back.
bool from_base64url(std::string_view text, MutableBytes bytes) {
  if (text.size() != base64url_size(bytes.size())) return false;
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                           text.data(), text.size(), nullptr, &size, &end, variant) == 0 &&
         size == bytes.size() && end == text.data() + text.size() && to_base64url(bytes) == text;
}

}  // namespace matsuri
