// The bytes of a connection under TLS. The only place that sees libssl, with tls_context.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "http/byte_stream.h"

namespace hearth::http {

// Shakes hands over a connected, non-blocking socket as a client that asks for `host` (a name or an
// address): TLS 1.2 or newer, SNI for names, ALPN http/1.1, the chain up to a certificate of
// `ca_file` (or the system's when it is empty), and the name in the certificate. kIo with the
// reason and the remedy, kDeadlineExceeded, kCancelled.
Result<std::unique_ptr<ByteStream>> StartTls(UniqueFd fd, const std::string& host,
                                             const std::string& ca_file, const Patience& patience);

}  // namespace hearth::http
