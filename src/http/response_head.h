// The bytes of an answer in front of its body. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace hearth::http {

// 204 and 304 and answers to HEAD carry no body; 204 has no Content-Length either.
bool StatusHasBody(int status);

// Replaces *head. A control character in a value (an echo of something hostile) is printed as a
// space, a header whose name is not a token is left out: no handler can be made to split an answer
// in two.
void PrintResponseHead(const Response& response, bool keep_alive, std::string* head);

}  // namespace hearth::http
