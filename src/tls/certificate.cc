// OpenSSL's objects, owned and asked for errors in one place.
#include "tls/certificate.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace matsuri::tls {
namespace {

constexpr std::size_t file_size_max = 64 << 10;
constexpr std::int64_t day_s = 86'400;

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* owned) const {
    free(owned);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

Error failed(std::string_view what) {
  return Error(Code::io, "make a certificate: " + std::string(what));
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool covers(X509* certificate, const std::string& name) {
  return is_address(name) ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
                          : X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
}

bool is_good_for(X509* certificate, const std::vector<std::string>& names,
                 std::int64_t now_unix_ms) {
  auto from = static_cast<time_t>(now_unix_ms / 1000);
  time_t to = from + certificate_days_left * day_s;
  return X509_cmp_time(X509_get0_notBefore(certificate), &from) < 0 &&
         X509_cmp_time(X509_get0_notAfter(certificate), &to) > 0 &&
         std::ranges::all_of(names, [&](const auto& name) { return covers(certificate, name); });
}

std::string fingerprint_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string text;
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] &= 0x7f;  // It is a positive number.
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

Result<Cert> make(EVP_PKEY* key, const std::vector<std::string>& names, std::int64_t now_unix_ms) {
  Cert made(X509_new());
  if (!made || X509_set_version(made.get(), X509_VERSION_3) != 1 || !set_serial(made.get()))
    return failed("no memory");
  // Clocks of phones are off by minutes.
  auto now = static_cast<time_t>(now_unix_ms / 1000);
  X509_time_adj_ex(X509_getm_notBefore(made.get()), -1, 0, &now);
  X509_time_adj_ex(X509_getm_notAfter(made.get()), certificate_days - 1, 0, &now);
  X509_set_pubkey(made.get(), key);
  X509_NAME* const who = X509_get_subject_name(made.get());
  constexpr std::string_view called = "Matsuri, self-signed";
  X509_NAME_add_entry_by_txt(who, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(called.data()),
                             static_cast<int>(called.size()), -1, 0);
  X509_set_issuer_name(made.get(), who);
  std::string all;
  for (const std::string& name : names)
    all += (all.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  if (!add_extension(made.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(made.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(made.get(), NID_ext_key_usage, "serverAuth") ||
      !add_extension(made.get(), NID_subject_alt_name, all))
    return failed("a name can't stand in one: " + all);
  if (X509_sign(made.get(), key, EVP_sha256()) == 0) return failed("it can't be signed");
  return made;
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

Result<Certificate> self_signed(io::FileSystem& files, const std::string& path,
                                const std::vector<std::string>& names, std::int64_t now_unix_ms) {
  TRY_ASSIGN(const bool is_there, files.exists(path));
  if (is_there) {
    TRY_ASSIGN(std::string pem, io::read_file(files, path, file_size_max));
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    const Cert kept(key ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!kept || X509_check_private_key(kept.get(), key.get()) != 1)
      return Error(Code::corrupt, path + " holds no key with its certificate: remove it");
    if (is_good_for(kept.get(), names, now_unix_ms))
      return Certificate{.pem = std::move(pem), .fingerprint = fingerprint_of(kept.get())};
  }
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failed("no key");
  TRY_ASSIGN(const Cert made, make(key.get(), names, now_unix_ms));
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(bio.get(), made.get()) != 1)
    return failed("no memory");
  Certificate certificate{.pem = text_of(bio.get()), .fingerprint = fingerprint_of(made.get())};
  TRY(files.make_folders(io::folder_of(path)));
  TRY(io::replace_file(files, path, as_bytes(certificate.pem)));
  return certificate;
}

std::vector<std::string> own_names() {
  std::vector<std::string> names = {"localhost"};
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && host[0] != 0)
    names.emplace_back(host.data());
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return names;
  const std::unique_ptr<ifaddrs, Freed<freeifaddrs>> owned(all);
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = one->ifa_addr->sa_family;
    if (family == AF_INET) {
      const auto* const address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
      inet_ntop(family, &address->sin_addr, text.data(), text.size());
    } else if (family == AF_INET6) {
      const auto* const address = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) continue;  // of no use in an address bar
      inet_ntop(family, &address->sin6_addr, text.data(), text.size());
    } else {
      continue;
    }
    names.emplace_back(text.data());
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace matsuri::tls
