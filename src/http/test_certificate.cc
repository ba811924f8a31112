#include "http/test_certificate.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

namespace hearth::http::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;

Key MakeKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer` and its key, or by itself when there is none.
Certificate Make(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                 const CertificateWish& wish) {
  static long serial = 1;
  Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.valid_to_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* const signer = issuer != nullptr ? issuer : made.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
  X509_set_pubkey(made.get(), key);
  const bool authority = issuer == nullptr;
  AddExtension(made.get(), signer, NID_basic_constraints,
               authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!wish.names.empty()) AddExtension(made.get(), signer, NID_subject_alt_name, wish.names);
  X509_sign(made.get(), issuer_key != nullptr ? issuer_key : key, EVP_sha256());
  return made;
}

std::string Pem(X509* certificate) {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string pem(bytes, static_cast<size_t>(size));
  BIO_free(memory);
  return pem;
}

}  // namespace

ServerIdentity MakeIdentity(const CertificateWish& wish) {
  const Key key = MakeKey();
  const Key authority_key = MakeKey();
  const Certificate authority =
      Make("hearth test authority", authority_key.get(), nullptr, nullptr, {.names = ""});
  const Certificate leaf =
      wish.self_signed ? Make("hearth test", key.get(), nullptr, nullptr, wish)
                       : Make("hearth test", key.get(), authority.get(), authority_key.get(), wish);
  ServerIdentity identity;
  identity.context = {SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  EXPECT_EQ(SSL_CTX_use_certificate(identity.context.get(), leaf.get()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(identity.context.get(), key.get()), 1);
  SSL_CTX_set_min_proto_version(identity.context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(identity.context.get(), wish.version_max);
  identity.authority_pem = Pem(wish.self_signed ? leaf.get() : authority.get());
  return identity;
}

TrustFile::TrustFile(const std::string& pem) : path_(::testing::TempDir() + "trustXXXXXX") {
  const int fd = ::mkstemp(path_.data());
  EXPECT_GE(fd, 0);
  EXPECT_EQ(::write(fd, pem.data(), pem.size()), static_cast<ssize_t>(pem.size()));
  ::close(fd);
}

TrustFile::~TrustFile() { ::unlink(path_.c_str()); }

}  // namespace hearth::http::testing
