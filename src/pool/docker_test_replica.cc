// The server in the containers of docker_real_test.cc: linked statically, so that its image is this
// one file. `serve PORT` answers GET:
//
//   /env/NAME     the variable        /exit/N   writes a line to stderr and ends with N
//   /file/PATH    what is in the file /alloc/N  takes N MiB: more than the limit ends it
//   /write/PATH   200 when a file could be written there, else 403 · anything else: 200
//
// SIGTERM ends it with 0. `say TEXT`: writes it to stderr and ends with 5. `wait`: does nothing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Reply {
  int status = 200;
  std::string body = "ok";
};

Reply ReadFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return {404, std::strerror(errno)};
  std::string text(65536, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return {200, text};
}

Reply WriteFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return {403, std::strerror(errno)};
  std::fclose(file);
  return {};
}

[[noreturn]] void Exit(int code) {
  const char line[] = "first line\nwhy it ended\n";
  if (::write(2, line, sizeof line - 1) < 0) ::_exit(99);
  ::_exit(code);
}

Reply Allocate(size_t mebibytes) {
  const size_t bytes = mebibytes << 20;
  char* memory = static_cast<char*>(std::malloc(bytes));
  if (memory == nullptr) return {500, "no memory"};
  for (size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
  return {};
}

Reply Answer(const std::string& path) {
  const size_t slash = path.find('/', 1);
  const std::string verb = path.substr(0, slash);
  const std::string rest = slash == std::string::npos ? "" : path.substr(slash + 1);
  if (verb == "/env") {
    const char* value = std::getenv(rest.c_str());
    return value == nullptr ? Reply{404, "not set"} : Reply{200, value};
  }
  if (verb == "/file") return ReadFile("/" + rest);
  if (verb == "/write") return WriteFile("/" + rest);
  if (verb == "/exit") Exit(std::atoi(rest.c_str()));
  if (verb == "/alloc") return Allocate(std::strtoul(rest.c_str(), nullptr, 10));
  return {};
}

int Serve(int port) {
  const char* host = std::getenv("HEARTH_HOST");
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = ::inet_addr(host == nullptr ? "0.0.0.0" : host);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 16) != 0) {
    std::perror("listen");
    return 1;
  }
  while (true) {
    const int client = ::accept(listener, nullptr, nullptr);
    char request[4096] = {};
    if (client < 0 || ::read(client, request, sizeof request - 1) <= 4) {
      ::close(client);
      continue;
    }
    const std::string line(request + 4);
    const Reply reply = Answer(line.substr(0, line.find(' ')));
    const std::string out =
        "HTTP/1.1 " + std::to_string(reply.status) +
        " x\r\nConnection: close\r\nContent-Length: " + std::to_string(reply.body.size()) +
        "\r\n\r\n" + reply.body;
    if (::send(client, out.data(), out.size(), MSG_NOSIGNAL) < 0) std::perror("send");
    ::close(client);
  }
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGTERM, [](int) { ::_exit(0); });
  const std::string verb = count > 1 ? words[1] : "";
  if (verb == "serve" && count > 2) return Serve(std::atoi(words[2]));
  if (verb == "say" && count > 2) {
    std::fprintf(stderr, "%s\n", words[2]);
    return 5;
  }
  while (true) ::pause();
}
