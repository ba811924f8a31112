#include "http/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "http/tls_context.h"

namespace hearth::http {
namespace {

constexpr size_t kReadAheadBytes = size_t{64} * 1024;

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a server that hangs up would kill the
// process.
int FdOf(BIO* bio) { return static_cast<const UniqueFd*>(BIO_get_data(bio))->get(); }

int BioWrite(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::send(FdOf(bio), data, static_cast<size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int BioRead(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::recv(FdOf(bio), into, static_cast<size_t>(size), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

long BioControl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* SocketMethod() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hearth socket");
    BIO_meth_set_write(made, BioWrite);
    BIO_meth_set_read(made, BioRead);
    BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  return method;
}

bool IsAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

class Tls final : public ByteStream {
 public:
  Tls(UniqueFd fd, std::shared_ptr<SSL_CTX> context)
      : fd_(std::move(fd)), context_(std::move(context)), ssl_(SSL_new(context_.get()), SSL_free) {}
  // Says goodbye only if that is possible at once: the answer has been read, nobody waits for it.
  ~Tls() override {
    if (sound_) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  Status Aim(const std::string& host);
  Status Handshake(const std::string& host, const Patience& patience);

  int fd() const override { return fd_.get(); }
  Result<Step> Read(std::span<char> into) override;
  Result<Step> Write(std::string_view bytes) override;
  bool IsStale() override;

 private:
  // What a return value that is no success means.
  Result<Step> Explain(int returned);
  Error WhyNot(const std::string& host);

  UniqueFd fd_;
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_;
  bool sound_ = false;  // hands are shaken and nothing has broken since
};

// Sets up the socket, and whom to expect behind it.
Status Tls::Aim(const std::string& host) {
  BIO* bio = ssl_ ? BIO_new(SocketMethod()) : nullptr;
  if (bio == nullptr) return Fail(Code::kInternal, "cannot set up TLS: {}", TlsErrorText());
  BIO_set_data(bio, &fd_);  // this object does not move
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // takes it
  SSL_set_read_ahead(ssl_.get(), 1);
  SSL_set_default_read_buffer_len(ssl_.get(), kReadAheadBytes);
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool set = IsAddress(host)
                       ? X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1
                       : X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1 &&
                             SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
  if (!set) return Fail(Code::kIo, "\"{}\" is no host to ask by TLS: {}", host, TlsErrorText());
  return {};
}

Error Tls::WhyNot(const std::string& host) {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified == X509_V_OK) {
    return {Code::kIo, fmt::format("the TLS handshake with {} failed: {}", host, TlsErrorText())};
  }
  ERR_clear_error();
  std::string remedy;
  switch (verified) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_REVOKED:
      break;
    default:
      remedy = "; set SSL_CERT_FILE to a PEM file with the certificate of its authority";
  }
  return {Code::kIo, fmt::format("certificate verify failed for {}: {}{}", host,
                                 X509_verify_cert_error_string(verified), remedy)};
}

Status Tls::Handshake(const std::string& host, const Patience& patience) {
  while (true) {
    if (Status more = patience.Check(); !more) return more;
    ERR_clear_error();
    const int returned = SSL_connect(ssl_.get());
    if (returned == 1) break;
    const int what = SSL_get_error(ssl_.get(), returned);
    if (what == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
      const std::string why = std::generic_category().message(errno != 0 ? errno : ECONNRESET);
      return Fail(Code::kIo, "the TLS handshake with {} failed: {}", host, why);
    }
    if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) {
      return tl::unexpected<Error>(WhyNot(host));
    }
    const short events = what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (Status ready = WaitFor(fd_.get(), events, patience); !ready) return ready;
  }
  sound_ = true;
  return {};
}

Result<ByteStream::Step> Tls::Explain(int returned) {
  const int error = errno;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return Step{.wait = POLLIN};
    case SSL_ERROR_WANT_WRITE:
      return Step{.wait = POLLOUT};
    case SSL_ERROR_ZERO_RETURN:
      return Step{.end = End::kClean};
    default:
      break;
  }
  sound_ = false;
  const unsigned long first = ERR_peek_error();
  if (first == 0) {
    if (error == 0) return Step{.end = End::kCut};
    return Fail(Code::kIo, "the connection broke: {}", std::generic_category().message(error));
  }
  if (ERR_GET_REASON(first) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    return Step{.end = End::kCut};
  }
  return Fail(Code::kIo, "the connection broke: {}", TlsErrorText());
}

// SSL_read gives one record of at most 16 KiB: as many as there are go into one piece.
Result<ByteStream::Step> Tls::Read(std::span<char> into) {
  size_t filled = 0;
  while (filled < into.size()) {
    size_t n = 0;
    ERR_clear_error();
    errno = 0;
    const int returned = SSL_read_ex(ssl_.get(), into.data() + filled, into.size() - filled, &n);
    if (returned != 1) {
      // What came first counts first; the next call finds the same again.
      if (filled > 0) break;
      return Explain(returned);
    }
    filled += n;
  }
  return Step{.bytes = filled};
}

Result<ByteStream::Step> Tls::Write(std::string_view bytes) {
  size_t n = 0;
  ERR_clear_error();
  errno = 0;
  const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
  if (returned != 1) return Explain(returned);
  return Step{.bytes = n};
}

// Bytes on the socket may be session tickets: only OpenSSL can tell.
bool Tls::IsStale() {
  char byte = 0;
  size_t n = 0;
  ERR_clear_error();
  const int returned = SSL_peek_ex(ssl_.get(), &byte, 1, &n);
  return returned == 1 || SSL_get_error(ssl_.get(), returned) != SSL_ERROR_WANT_READ;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> StartTls(UniqueFd fd, const std::string& host,
                                             const std::string& ca_file, const Patience& patience) {
  auto context = TlsContext(ca_file);
  if (!context) return Forward(context);
  auto stream = std::make_unique<Tls>(std::move(fd), *std::move(context));
  if (Status aimed = stream->Aim(host); !aimed) return Forward(aimed);
  if (Status shaken = stream->Handshake(host, patience); !shaken) return Forward(shaken);
  return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace hearth::http
