// Counts what held and what did not. No framework: a test is a function that calls these.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include "error.hpp"

namespace checks {

inline int passed = 0;
inline int failed = 0;

inline void check(bool holds, const std::string & claim) {
    ++(holds ? passed : failed);
    if (!holds) {
        std::printf("FAILED: %s\n", claim.c_str());
    }
}

// The action must throw a failure with this code whose message holds `part`.
inline void refuses(const std::function<void()> & action, harness::exit_code code, const std::string & part,
                    const std::string & claim) {
    try {
        action();
        check(false, claim + ": nothing was thrown");
    } catch (const harness::failure & error) {
        const std::string message = error.what();
        check(error.code() == code, claim + ": exit code " + std::to_string(static_cast<int>(error.code())));
        check(message.find(part) != std::string::npos, claim + ": `" + part + "` is not in `" + message + "`");
    } catch (const std::exception & error) {
        check(false, claim + ": another exception: " + error.what());
    }
}

// The last line of every test program; its value is the exit status.
inline int report() {
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace checks
