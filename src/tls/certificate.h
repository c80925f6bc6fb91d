// A certificate that nobody vouches for, so that one machine alone can be tried over https:
// browsers ask once whether it is trusted, and give cameras only to such pages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace matsuri::tls {

struct Certificate {
  std::string pem;          // the private key, then the certificate
  std::string fingerprint;  // SHA-256, "AB:CD:…", as browsers show it
};

inline constexpr int certificate_days = 397;      // what browsers take at most
inline constexpr int certificate_days_left = 30;  // with fewer a new one is made

// Reads the certificate from `path`, or makes one (ECDSA, P-256) for `names`, which are host names
// and IP addresses, and keeps it there. One that runs out soon, or lacks a name, is made anew.
// Code::corrupt where the file holds something else: it is not written over.
Result<Certificate> self_signed(io::FileSystem& files, const std::string& path,
                                const std::vector<std::string>& names, std::int64_t now_unix_ms);

// What this machine is called by those who may reach it: localhost, its host name, its addresses.
std::vector<std::string> own_names();

}  // namespace matsuri::tls
