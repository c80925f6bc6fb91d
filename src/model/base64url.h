// base64url without padding (RFC 4648, 5): how bytes travel in tokens, tickets and descriptors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace matsuri {

// Letters that so many bytes take.
constexpr std::size_t base64url_size(std::size_t byte_count) { return (byte_count * 4 + 2) / 3; }

std::string to_base64url(Bytes bytes);

// Fills `bytes`. False for all that to_base64url() does not give for exactly that many bytes:
// a text has one reading, and bytes have one text.
bool from_base64url(std::string_view text, MutableBytes bytes);

}  // namespace matsuri
