// Goal: a certificate is made once, is good for every name of the machine, and is made anew in time.
#include "tls/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "io/sim_disk.h"

namespace matsuri::tls {
namespace {

constexpr std::int64_t now_ms = 1'790'000'000'000;
constexpr std::int64_t day_ms = 86'400'000;

class CertificateTest : public testing::Test {
 protected:
  Result<Certificate> get(std::int64_t at_ms = now_ms) {
    return self_signed(disk, path, names, at_ms);
  }

  io::SimDisk disk;
  std::string path = "tls/self-signed.pem";
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1", "lantern.example"};
};

TEST_F(CertificateTest, IsGoodForItsNamesAlone) {
  const Result<Certificate> made = get();
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(
      BIO_new_mem_buf(made->pem.data(), static_cast<int>(made->pem.size())), BIO_free_all);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate.get(), "lantern.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "paper.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0), 0);
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
}

TEST_F(CertificateTest, IsKept) {
  const Result<Certificate> made = get(), again = get(now_ms + day_ms);
  ASSERT_TRUE(made.ok() && again.ok());
  EXPECT_EQ(made->pem, again->pem);
  EXPECT_EQ(made->fingerprint, again->fingerprint);
  EXPECT_EQ(made->fingerprint.size(), 32 * 3 - 1);
}

TEST_F(CertificateTest, IsMadeAnewBeforeItRunsOut) {
  const Result<Certificate> made = get();
  ASSERT_TRUE(made.ok());
  const std::int64_t last = now_ms + (certificate_days - certificate_days_left - 1) * day_ms;
  EXPECT_EQ(get(last - 1000)->pem, made->pem);
  EXPECT_NE(get(last)->pem, made->pem);
}

TEST_F(CertificateTest, IsMadeAnewForAnotherName) {
  const Result<Certificate> made = get();
  names.emplace_back("192.0.2.7");
  const Result<Certificate> wider = get();
  ASSERT_TRUE(made.ok() && wider.ok());
  EXPECT_NE(wider->fingerprint, made->fingerprint);
  names.pop_back();
  EXPECT_EQ(get()->fingerprint, wider->fingerprint);
}

TEST_F(CertificateTest, WritesOverNothingElse) {
  const std::string notes = "what I must not forget\n";
  ASSERT_TRUE(disk.make_folders("tls").ok());
  ASSERT_TRUE(io::replace_file(disk, path, as_bytes(notes)).ok());
  const Result<Certificate> refused = get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::corrupt);
  EXPECT_EQ(io::read_file(disk, path, 100).value(), notes);
}

TEST(OwnNames, HaveTheLoopbackAndTheHost) {
  const std::vector<std::string> names = own_names();
  EXPECT_TRUE(std::ranges::binary_search(names, "localhost"));
  EXPECT_TRUE(std::ranges::binary_search(names, "127.0.0.1"));
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

}  // namespace
}  // namespace matsuri::tls
