// Names to addresses, within a deadline.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "http/byte_stream.h"

namespace hearth::http {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

// The addresses of `host`, IPv4 first: what hearth talks to mostly listens there. A literal address
// costs nothing; a name is looked up on a thread of its own, which is left behind when `patience`
// ends first (the C library's look-up cannot be broken off). kNotFound for a
// name that does not exist, kIo with the resolver's words for the rest.
Result<std::vector<Address>> Resolve(const std::string& host, uint16_t port,
                                     const Patience& patience);

}  // namespace hearth::http
