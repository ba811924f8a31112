#include "http/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <map>
#include <utility>

#include "base/env.h"
#include "base/mutex.h"

namespace hearth::http {
namespace {

// Where distributions keep their bundle: libssl is linked statically and knows only Debian's place,
// which an image from scratch or another distribution may lack.
constexpr std::array kUsualBundles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, Amazon Linux
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // Alpine's base
};

bool Exists(const char* path) {
  struct stat info{};
  return ::stat(path, &info) == 0;
}

Status LoadNamed(SSL_CTX* context, const std::string& file, const std::string& directory) {
  if (!file.empty() && SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
    return Fail(Code::kIo, "cannot read certificates from \"{}\": {}", file, TlsErrorText());
  }
  if (!directory.empty() && SSL_CTX_load_verify_dir(context, directory.c_str()) != 1) {
    return Fail(Code::kIo, "cannot read certificates from \"{}\": {}", directory, TlsErrorText());
  }
  return {};
}

// Nothing found is no failure here: verification then says what to set.
void LoadUsual(SSL_CTX* context) {
  for (const char* bundle : kUsualBundles) {
    if (Exists(bundle) && SSL_CTX_load_verify_file(context, bundle) == 1) break;
  }
  ERR_clear_error();
}

Result<std::shared_ptr<SSL_CTX>> Make(const std::string& file, const std::string& directory) {
  // Without openssl.cnf: what it may ask for (engines, providers as shared objects) is not here.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return Fail(Code::kInternal, "cannot set up TLS: {}", TlsErrorText());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp11.data(), kHttp11.size());
  if (file.empty() && directory.empty()) {
    LoadUsual(context.get());
  } else if (Status loaded = LoadNamed(context.get(), file, directory); !loaded) {
    return Forward(loaded);
  }
  return context;
}

struct Kept {
  Mutex mutex;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<SSL_CTX>> contexts
      HEARTH_GUARDED_BY(mutex);
};

}  // namespace

std::string TlsErrorText() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(first);
  if (ERR_SYSTEM_ERROR(first)) return ::strerror(ERR_GET_REASON(first));
  return reason != nullptr ? reason : "unknown error";
}

Result<std::shared_ptr<SSL_CTX>> TlsContext(const std::string& ca_file) {
  const Env env = ProcessEnv();
  std::pair<std::string, std::string> where(ca_file, "");
  if (ca_file.empty()) where = {FirstSet(env, {"SSL_CERT_FILE"}), FirstSet(env, {"SSL_CERT_DIR"})};
  static Kept& kept = *new Kept;  // never destroyed: a thread may be in a handshake at exit
  const MutexLock lock(kept.mutex);
  std::shared_ptr<SSL_CTX>& context = kept.contexts[where];
  if (!context) {
    auto made = Make(where.first, where.second);
    if (!made) return Forward(made);
    context = *std::move(made);
  }
  return context;
}

}  // namespace hearth::http
