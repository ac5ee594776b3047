// The one exception type of the harness: a message for people and the exit code that goes with it.
#pragma once

#include <stdexcept>
#include <string>

namespace harness {

enum class exit_code : int {
    done = 0,
    usage = 64,        // flags that make no sense
    bad_input = 65,    // a malformed model, or a request line that is no request
    unavailable = 69,  // sound, but this engine does not do it
    internal = 70,     // our own fault, or the disk's
};

class failure : public std::runtime_error {
  public:
    failure(exit_code code, const std::string & message) : std::runtime_error(message), code_(code) {}
    exit_code code() const { return code_; }

  private:
    exit_code code_;
};

}  // namespace harness
