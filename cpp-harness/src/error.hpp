// The exceptions of the harness, and the exit codes that go with them.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>

namespace harness {

enum class exit_code : int {
    done = 0,
    usage = 64,        // flags that make no sense
    bad_input = 65,    // a malformed model, or a request line that is no request
    unavailable = 69,  // sound, but this engine does not do it
    internal = 70,     // our own fault, or the disk's
    retryable = 75,    // no fault of anybody's: the disk is full
};

// What a write comes to that failed with this errno.
inline exit_code code_of_failed_write(int error) {
    return error == ENOSPC || error == EDQUOT ? exit_code::retryable : exit_code::internal;
}

// Ends the process: a message for people and the exit code.
class failure : public std::runtime_error {
  public:
    failure(exit_code code, const std::string & message) : std::runtime_error(message), code_(code) {}
    exit_code code() const { return code_; }

  private:
    exit_code code_;
};

// A request that is well formed but cannot be met: it is answered so, and the process goes on.
class declined : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace harness
