// What is wrong with a stub replica, and since when. A test says so in files of words: `all` and
// one by the replica's name ("r7") hold while they stand there; `born` is read once, at the
// replica's start.
//
// At its start   exit=CODE   start=MS: not ready before   unborn=MS: does not listen before
// Checks         not_ready   sick: /health fails too   flap=MS: ready and not in turn
//                lasts=MS: then not ready for ever   dies=MS: then exits with code 3
// Sockets        silent: reads and says nothing   silent_work: but for its checks
//                refuse: nobody listens, connections are closed
// Answers        slow=MS: more   trickle=MS: so long after each byte   garble: not HTTP
//                reset: in the middle   reset_first: in its place   half: the end is not sent
//                close: then closes, unannounced   twice: and once more
// Memory         oom: takes it until it is killed
#pragma once

#include <map>
#include <string>

struct Faults {
  std::map<std::string, int, std::less<>> words;

  bool Has(const std::string& word) const { return words.contains(word); }
  int Value(const std::string& word) const {
    const auto found = words.find(word);
    return found == words.end() ? 0 : found->second;
  }
};

// Words of one file, "word" or "word=NUMBER"; a file that is not there has none.
void AddWords(const std::string& path, Faults* faults);
