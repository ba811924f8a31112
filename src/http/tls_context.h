// What all TLS connections with the same trusted certificates share: parsing those costs more than
// a handshake.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace hearth::http {

// The context for `ca_file` (empty: SSL_CERT_FILE, SSL_CERT_DIR, or where systems keep theirs).
// Made once per process and set of names, and kept; a file that changes later is not read again.
// kIo when a file that was named cannot be read or holds no certificate. Any thread.
//
// Nothing of libssl runs before the first call: `hearth serve` does not pay for it.
Result<std::shared_ptr<SSL_CTX>> TlsContext(const std::string& ca_file);

// The oldest entry of this thread's error queue in words, and the queue emptied.
std::string TlsErrorText();

}  // namespace hearth::http
