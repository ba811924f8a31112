#include "http/resolve.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>

#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace hearth::http {
namespace {

struct LookUp {
  std::string host;
  std::string port;
  int failed = 0;
  std::vector<Address> found;
  Cancel done;  // fired when `failed` and `found` are written
};

int Ask(const std::string& host, const std::string& port, int flags, std::vector<Address>* found) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(list, &::freeaddrinfo);
  if (failed != 0) return failed;
  for (const bool v4 : {true, false}) {
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
      if ((one->ai_family == AF_INET) != v4) continue;
      Address address;
      std::memcpy(&address.bytes, one->ai_addr, one->ai_addrlen);
      address.size = one->ai_addrlen;
      found->push_back(address);
    }
  }
  return 0;
}

}  // namespace

Result<std::vector<Address>> Resolve(const std::string& host, uint16_t port,
                                     const Patience& patience) {
  std::vector<Address> found;
  int failed = Ask(host, std::to_string(port), AI_NUMERICHOST, &found);
  if (failed == EAI_NONAME) {
    auto look_up = std::make_shared<LookUp>();
    look_up->host = host;
    look_up->port = std::to_string(port);
    if (look_up->done.fd() < 0) return Fail(Code::kIo, "no file descriptor is left");
    try {
      std::thread([look_up] {
        ::pthread_setname_np(::pthread_self(), "look-up");
        look_up->failed = Ask(look_up->host, look_up->port, 0, &look_up->found);
        look_up->done.Fire();
      }).detach();
    } catch (const std::system_error& error) {
      return Fail(Code::kIo, "cannot start a thread for the look-up: {}", error.what());
    }
    Patience whole = patience;
    whole.idle = {};
    if (Status answered = WaitFor(look_up->done.fd(), POLLIN, whole); !answered) {
      return Forward(answered);
    }
    // fired() orders what the thread wrote before this; poll alone is no such promise.
    if (!look_up->done.fired()) return Fail(Code::kInternal, "the look-up ended without a word");
    failed = look_up->failed;
    found = std::move(look_up->found);
  }
  if (failed == EAI_NONAME) return Fail(Code::kNotFound, "there is no host \"{}\"", host);
  if (failed != 0) return Fail(Code::kIo, "{}", ::gai_strerror(failed));
  return found;
}

}  // namespace hearth::http
