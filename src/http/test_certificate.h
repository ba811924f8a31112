// For tests of TLS: certificates made on the spot, each from an authority of its own.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace hearth::http::testing {

struct CertificateWish {
  std::string names = "DNS:localhost,IP:127.0.0.1";  // subjectAltName, in OpenSSL's notation
  long valid_from_s = -3600;                         // relative to now
  long valid_to_s = 3600;
  bool self_signed = false;  // no authority: it vouches for itself
  int version_max = 0;       // of TLS, that the server offers; 0: all
};

struct ServerIdentity {
  std::shared_ptr<SSL_CTX> context;  // of a server
  std::string authority_pem;         // what a client has to trust
};

ServerIdentity MakeIdentity(const CertificateWish& wish = {});

// A file under the test's temporary folder, removed with this.
class TrustFile {
 public:
  explicit TrustFile(const std::string& pem);
  ~TrustFile();
  TrustFile(const TrustFile&) = delete;
  TrustFile& operator=(const TrustFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace hearth::http::testing
